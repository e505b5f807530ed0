import { MOST_WORKERS } from '../../config/backup-values.js';
import type { StoreSettings } from '../../config/config.js';
import type { Config } from '../../config/load.js';
import {
  BACKUP_STORE_HINTS,
  COPY_STORE_HINTS,
  DRILL_STORE_HINTS,
  SOURCE_STORE_HINTS,
  hintsThrough,
} from '../../config/hints.js';
import { proxyFor } from '../../config/proxy.js';
import {
  copyStoreSettings,
  drillStoreSettings,
  requireBackupStoreSettings,
  requireStoreSettings,
} from '../../config/load.js';
import type { StoreAddress } from '../../config/store-address.js';
import { isMangamotionError } from '../../errors.js';
import type { StoreHints } from '../../object-store/hint-kinds.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { RateLimits } from '../../object-store/rate-limit.js';
import type { Retry, RetryPolicy } from '../../object-store/retry/retry.js';

export interface StoreOptions {
  onRetry: (retry: Retry) => void;
  /** Instead of the patience of a command that runs for hours. */
  patience?: Pick<RetryPolicy, 'attempts' | 'maxDelayMs'>;
  /** The same for all stores of a run. */
  limits: RateLimits | undefined;
}

/** A wrong address is told within seconds. */
const FIRST_CONTACT = { attempts: 3 };
/** A run of hours outlasts a server that restarts: some 40 s of delays on average. */
const LATER = { attempts: 12, maxDelayMs: 15_000 };
/** More than the workers of any command use at once. */
const MOST_CONNECTIONS = MOST_WORKERS * 32;
/** Failures that only a server that is there answers with. */
const ANSWERS = ['access_denied', 'not_found', 'refused', 'damaged'] as const;

/**
 * The object store of the settings, with retries. It is asked for the first of the buckets that are
 * to be used, and for its list of buckets where none is named. Rejects with `configuration` where
 * credentials are missing, and with `unreachable` where no S3 server answers.
 */
export async function openStore(
  config: Config,
  buckets: readonly string[],
  signal: AbortSignal,
  { onRetry, limits, readers }: StoreOptions & { readers: number },
): Promise<ObjectStore> {
  const settings = requireStoreSettings(config);
  const way = { config, limits, readers, maxSockets: MOST_CONNECTIONS };
  const { store, withRetries } = await connect(settings, way, SOURCE_STORE_HINTS);
  const hasty = withRetries(store, { ...FIRST_CONTACT, onRetry });
  const [first] = buckets;
  try {
    if (first === undefined) await hasty.listBuckets({ signal });
    else await hasty.bucketExists(first, { signal });
  } catch (error) {
    // Whoever may not list the buckets may still use one: where it matters, it comes up again.
    if (!isMangamotionError(error, ...ANSWERS)) {
      store.close();
      throw error;
    }
  }
  return withRetries(store, { ...LATER, onRetry });
}

/** Whoever waits for an answer over HTTP waits no longer. */
const SERVED = { attempts: 2, maxDelayMs: 500 };

/**
 * The object store of the settings for a server: nothing is asked of it, so that the server starts while
 * the store is away, and a request that fails is tried once more at most. Rejects with `configuration`
 * where credentials are missing.
 */
export async function openServedStore(config: Config): Promise<ObjectStore> {
  const settings = requireStoreSettings(config);
  const way = { config, limits: undefined };
  const { store, withRetries } = await connect(settings, way, SOURCE_STORE_HINTS);
  return withRetries(store, { ...SERVED, onRetry: () => undefined });
}

/**
 * The store in which `s3://` destinations lie, with retries. Nothing is asked of it: a restore reads
 * a backup in few requests, and the first of them tells whether it can be used. Rejects with
 * `configuration` where credentials are missing.
 */
export async function openBackupStore(
  config: Config,
  { onRetry, limits, patience = LATER }: StoreOptions,
): Promise<ObjectStore> {
  const settings = requireBackupStoreSettings(config);
  const way = { config, limits, maxSockets: MOST_CONNECTIONS };
  const { store, withRetries } = await connect(settings, way, BACKUP_STORE_HINTS);
  return withRetries(store, { ...patience, onRetry });
}

/**
 * The store that `backup copy` writes into, with retries; `undefined` if it is that of all `s3://`
 * destinations. Nothing is asked of it. Rejects with `configuration` where credentials are missing.
 */
export async function openCopyStore(
  config: Config,
  { onRetry, limits }: StoreOptions,
): Promise<ObjectStore | undefined> {
  const settings = copyStoreSettings(config);
  if (settings === undefined) return undefined;
  const { store, withRetries } = await connect(settings, { config, limits }, COPY_STORE_HINTS);
  return withRetries(store, { ...LATER, onRetry });
}

/**
 * The server that drills use instead of the store, with retries; `undefined` if none is set. Rejects
 * with `configuration` where credentials are missing, and with `unreachable` where no server answers.
 */
export async function openDrillStore(
  config: Config,
  elsewhere: StoreAddress | undefined,
  signal: AbortSignal,
  { onRetry, limits }: StoreOptions,
): Promise<ObjectStore | undefined> {
  const settings = drillStoreSettings(config, elsewhere);
  if (settings === undefined) return undefined;
  const { store, withRetries } = await connect(settings, { config, limits }, DRILL_STORE_HINTS);
  try {
    await withRetries(store, { ...FIRST_CONTACT, onRetry }).listBuckets({ signal });
  } catch (error) {
    if (!isMangamotionError(error, ...ANSWERS)) {
      store.close();
      throw error;
    }
  }
  return withRetries(store, { ...LATER, onRetry });
}

interface Way {
  config: Config;
  limits: RateLimits | undefined;
  readers?: number;
  maxSockets?: number;
}

async function connect(
  { host, secretKey, ...settings }: StoreSettings,
  { config, limits, readers, maxSockets }: Way,
  hints: StoreHints,
) {
  const proxy = proxyFor({ host, ...settings }, config.proxies);
  const [{ openMinioStore }, { withRetries }] = await Promise.all([
    import('../../object-store/s3/s3-store.js'),
    import('../../object-store/retry/retry.js'),
  ]);
  const address = { endpoint: host, secretKey: secretKey.reveal() };
  const way = {
    proxy,
    limits,
    readers,
    maxSockets,
    hints: proxy === undefined ? hints : hintsThrough(proxy, hints),
  };
  const store = openMinioStore({ ...settings, ...address, ...way });
  return { store, withRetries };
}
