import type { Config } from '../config/load.js';
import { requireStoreSettings } from '../config/load.js';
import type { ObjectStore } from '../object-store/port.js';

/** The object store of the settings. Rejects with `configuration` where credentials are missing. */
export async function openStore(config: Config): Promise<ObjectStore> {
  const { host, secretKey, ...settings } = requireStoreSettings(config);
  const { openMinioStore } = await import('../object-store/minio-store.js');
  return openMinioStore({ ...settings, endpoint: host, secretKey: secretKey.reveal() });
}
