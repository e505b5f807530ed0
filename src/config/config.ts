import { MangamotionError } from '../errors.js';
import type { ProxySettings } from './proxy.js';
import type { RedisAddress } from './redis-address.js';
import type { Secret } from './secret.js';
import type { StoreAddress } from './store-address.js';

/** An S3 server and how to log in to it, as far as that is known. */
interface StoreConfig extends StoreAddress {
  accessKey: string | undefined;
  secretKey: Secret | undefined;
  region: string | undefined;
  /** The CA certificates to trust for TLS, in PEM; the system's where undefined. */
  caPem: string | undefined;
}

/** A store whose address may not be set. */
interface StoreElsewhere extends Omit<StoreConfig, keyof StoreAddress> {
  address: StoreAddress | undefined;
}

export type StoreSettings = StoreConfig & { accessKey: string; secretKey: Secret };

/** Where Redis is; the CA certificates to trust for TLS, in PEM, the system's where undefined. */
export interface RedisSettings extends RedisAddress {
  caPem: string | undefined;
}

export interface DiscountTier {
  /** US dollars of a month's gross, a decimal. */
  threshold: string;
  /** A decimal, 0 to 100. */
  percent: string;
}

/** All settings, checked. Amounts of money are decimals in text. */
export interface Config {
  redis: RedisSettings;
  store: StoreConfig;
  /** What presigned URLs are made for; `undefined`: the store's own address. */
  publicAddress: StoreAddress | undefined;
  /** The bucket of job files, where there is a single one. */
  jobBucket: string | undefined;
  /**
   * Where files of a job may lie, `{job}` standing for its id, in the order in which they are looked
   * for. The first part is the bucket, or a prefix in `jobBucket` where there is one.
   */
  jobs: {
    resultPaths: readonly string[];
    previewPaths: readonly string[];
    /** The buckets in which the return value of a job may name its result. */
    resultBuckets: readonly string[];
  };
  billing: {
    enabled: boolean;
    /** US dollars per GiB, and per second. */
    ratePerGib: string;
    ratePerSecond: string;
    discountEnabled: boolean;
    discountMode: 'volume' | 'graduated';
    /** The tiers, sorted by rising threshold. */
    tiers: readonly DiscountTier[];
    retentionDays: number;
  };
  backup: {
    retentionDays: number;
    compression: boolean;
    /** Whether `backup full` and `backup incremental` capture keys of Redis without --redis. */
    redis: boolean;
    /** The threads that read objects for a backup; `undefined`: as many as the processors suggest. */
    workers: number | undefined;
    /** The queue over which workers on other machines get their shards. */
    queue: string;
    /** For how many days backups in `s3://` destinations are locked; `undefined`: they are not. */
    lockDays: number | undefined;
    /** What the store is called in summaries; its endpoint may then change. */
    sourceName: string | undefined;
    /** For whom new backups are encrypted, and with which keys old ones are opened. */
    age: {
      /** Lists of recipients, each with where it comes from; they are not checked yet. */
      recipients: readonly { text: string; origin: string }[];
      /** The file of the keys: an absolute path. */
      identityFile: string | undefined;
    };
    /** Who signs new backups, and whose signatures count. */
    signing: {
      /** The file of the secret key: an absolute path. */
      keyFile: string | undefined;
      /** Public keys, each with where it comes from; they are not checked yet. */
      signers: readonly { text: string; origin: string }[];
    };
    /** For each bucket, the percentage of objects that may be deleted between two backups. */
    expectDeletions: ReadonlyMap<string, number>;
    /** Whether nothing may be deleted or overwritten in `s3://` destinations. */
    appendOnly: boolean;
    /** Where `s3://` destinations live; `address` undefined: AWS itself, by the region. */
    destination: StoreElsewhere & { sessionToken: Secret | undefined };
    /** What differs for the `s3://` destination that `backup copy` writes into. */
    copy: StoreElsewhere;
  };
  drill: {
    /** Another server for drills; `address` undefined: they use the store itself. */
    store: StoreElsewhere;
    /** A Redis that a drill may fill and empty. */
    redis: RedisSettings | undefined;
  };
  schedule: {
    /** The URL that is pinged when a run begins and ends; `{name}` stands for the entry's name. */
    pingUrl: Secret | undefined;
  };
  serve: {
    /** Signs the access tokens of users. */
    jwtSecret: Secret | undefined;
    /** The token of administrators. */
    adminToken: Secret | undefined;
  };
  proxies: ProxySettings;
  /** Bytes per second that may go to all stores, and as many that may come from them. */
  limitRate: number | undefined;
  dryRun: boolean;
}

/** Whether the store can be logged in to: some commands only use it where it can. */
export function hasStoreCredentials({ store }: Config): boolean {
  return store.accessKey !== undefined && store.secretKey !== undefined;
}

/** The store's settings for a command that talks to it. Throws `configuration` without credentials. */
export function requireStoreSettings({ store }: Config): StoreSettings {
  return withCredentials(store, 'the object store', 'MINIO');
}

/** AWS's own region where none is named. */
const DEFAULT_REGION = 'us-east-1';

/**
 * The settings of the store where `s3://` destinations live: without an address that of AWS, by the
 * region. Throws `configuration` without credentials.
 */
export function requireBackupStoreSettings({ backup }: Config): StoreSettings {
  const { address, sessionToken, region, ...settings } = backup.destination;
  if (sessionToken !== undefined) {
    throw new MangamotionError(
      'configuration',
      'AWS_SESSION_TOKEN is set, and the store of s3:// destinations takes permanent keys only',
      { hint: 'set BACKUP_S3_ACCESS_KEY and BACKUP_S3_SECRET_KEY (or BACKUP_S3_SECRET_KEY_FILE)' },
    );
  }
  const host = `s3.${region ?? DEFAULT_REGION}.amazonaws.com`;
  const store = { ...(address ?? { host, port: 443, useTls: true }), ...settings, region };
  return withCredentials(store, 's3:// destinations', 'BACKUP_S3');
}

/**
 * The settings of the store that `backup copy` writes into; `undefined` if it is that of all `s3://`
 * destinations, with the same keys. Another server never gets their keys. Throws `configuration`
 * without credentials.
 */
export function copyStoreSettings(config: Config): StoreSettings | undefined {
  const { address, ...own } = config.backup.copy;
  const what = 'the destination of backup copy';
  if (address !== undefined) return withCredentials({ ...address, ...own }, what, COPY_PREFIX);
  if (own.accessKey === undefined && own.secretKey === undefined) return undefined;
  const { accessKey, secretKey } = withCredentials({ ...UNUSED, ...own }, what, COPY_PREFIX);
  const usual = config.backup.destination;
  const keys = { accessKey, secretKey, sessionToken: undefined };
  const destination = {
    ...{ ...usual, ...keys },
    ...{ region: own.region ?? usual.region, caPem: own.caPem ?? usual.caPem },
  };
  return requireBackupStoreSettings({ ...config, backup: { ...config.backup, destination } });
}

const COPY_PREFIX = 'BACKUP_COPY_S3';
const UNUSED: StoreAddress = { host: '', port: 0, useTls: true };

/**
 * The settings of another server for drills, at the given address or at the one that is set;
 * `undefined` if there is none. Throws `configuration` without credentials.
 */
export function drillStoreSettings(
  { drill }: Config,
  elsewhere?: StoreAddress,
): StoreSettings | undefined {
  const { address: usual, ...settings } = drill.store;
  const address = elsewhere ?? usual;
  if (address === undefined) return undefined;
  return withCredentials({ ...address, ...settings }, 'the server for drills', 'DRILL_S3');
}

function withCredentials(store: StoreConfig, what: string, prefix: string): StoreSettings {
  const { accessKey, secretKey } = store;
  if (accessKey !== undefined && secretKey !== undefined) return { ...store, accessKey, secretKey };
  const names = [
    ...(accessKey === undefined ? [`${prefix}_ACCESS_KEY`] : []),
    ...(secretKey === undefined ? [`${prefix}_SECRET_KEY (or ${prefix}_SECRET_KEY_FILE)`] : []),
  ].join(' and ');
  throw new MangamotionError('configuration', `no credentials for ${what}: ${names} not set`, {
    hint: `set ${names} in the environment, in a file given with --env-file, or in mangamotion.config.json`,
  });
}
