import type { StoreSettings } from '../config/config.js';
import type { Config } from '../config/load.js';
import { requireBackupStoreSettings, requireStoreSettings } from '../config/load.js';
import { isMangamotionError } from '../errors.js';
import type { ObjectStore } from '../object-store/port.js';
import type { Retry } from '../object-store/retry.js';

/** A wrong address is told within seconds. */
const FIRST_CONTACT = { attempts: 3 };
/** A run of hours outlasts a server that restarts: some 40 s of delays on average. */
const LATER = { attempts: 12, maxDelayMs: 15_000 };

/**
 * The object store of the settings, with retries. Rejects with `configuration` where credentials
 * are missing, and with `unreachable` or `access_denied` where the store cannot be used at all.
 */
export async function openStore(
  config: Config,
  signal: AbortSignal,
  onRetry: (retry: Retry) => void,
): Promise<ObjectStore> {
  const { store, withRetries } = await connect(requireStoreSettings(config));
  try {
    await withRetries(store, { ...FIRST_CONTACT, onRetry }).listBuckets({ signal });
  } catch (error) {
    // Whoever may not list the buckets may still use one; other refusals come up again.
    if (!isMangamotionError(error, 'access_denied')) {
      store.close();
      throw error;
    }
  }
  return withRetries(store, { ...LATER, onRetry });
}

/**
 * The store in which `s3://` destinations lie, with retries. Nothing is asked of it: a restore reads
 * a backup in few requests, and the first of them tells whether it can be used. Rejects with
 * `configuration` where credentials are missing.
 */
export async function openBackupStore(
  config: Config,
  onRetry: (retry: Retry) => void,
): Promise<ObjectStore> {
  const { store, withRetries } = await connect(requireBackupStoreSettings(config));
  return withRetries(store, { ...LATER, onRetry });
}

async function connect({ host, secretKey, ...settings }: StoreSettings) {
  const [{ openMinioStore }, { withRetries }] = await Promise.all([
    import('../object-store/minio-store.js'),
    import('../object-store/retry.js'),
  ]);
  const store = openMinioStore({ ...settings, endpoint: host, secretKey: secretKey.reveal() });
  return { store, withRetries };
}
