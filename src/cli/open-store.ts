import type { Config } from '../config/load.js';
import { requireStoreSettings } from '../config/load.js';
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
  const { host, secretKey, ...settings } = requireStoreSettings(config);
  const [{ openMinioStore }, { withRetries }] = await Promise.all([
    import('../object-store/minio-store.js'),
    import('../object-store/retry.js'),
  ]);
  const store = openMinioStore({ ...settings, endpoint: host, secretKey: secretKey.reveal() });
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
