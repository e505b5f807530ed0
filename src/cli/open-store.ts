import type { Config } from '../config/load.js';
import { requireStoreSettings } from '../config/load.js';
import type { ObjectStore } from '../object-store/port.js';
import type { Retry } from '../object-store/retry.js';

/**
 * The object store of the settings, with retries. Rejects with `configuration` where credentials
 * are missing.
 */
export async function openStore(
  config: Config,
  onRetry: (retry: Retry) => void,
): Promise<ObjectStore> {
  const { host, secretKey, ...settings } = requireStoreSettings(config);
  const [{ openMinioStore }, { withRetries }] = await Promise.all([
    import('../object-store/minio-store.js'),
    import('../object-store/retry.js'),
  ]);
  const store = openMinioStore({ ...settings, endpoint: host, secretKey: secretKey.reveal() });
  return withRetries(store, { onRetry });
}
