/** What users are told to check where it has the name of a setting: no other layer knows the names. */

function wantsTls(endpoint: string, useSsl: string): string {
  return `Begin ${endpoint} with https://, or set ${useSsl}=true if it has no scheme.`;
}

function hasNoTls(endpoint: string, useSsl: string): string {
  return `The server does not speak TLS there: begin ${endpoint} with http://, or set ${useSsl}=false if it has no scheme.`;
}

/** The newest backup is encrypted, and the next one would not be. */
export const LOST_RECIPIENTS_HINT =
  'Set BACKUP_AGE_RECIPIENTS or give --recipient. If plain text is intended, add --no-encryption.';

/** Recipients are set, and archives are to be plain folders. */
export const PLAIN_AND_ENCRYPTED_HINT = 'Leave BACKUP_COMPRESSION unset, or set no recipients.';

const ADDRESS = 'Check MINIO_ENDPOINT, MINIO_PORT and MINIO_USE_SSL.';

export const SOURCE_STORE_HINTS = {
  address: ADDRESS,
  invalidAddress: 'Set MINIO_ENDPOINT to a host, host:port or URL.',
  keys: 'Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY.',
  signature: 'Check MINIO_SECRET_KEY (and MINIO_REGION, and that no proxy rewrites Host or path).',
  rights: 'Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and what their policy allows.',
  needsTls: wantsTls('MINIO_ENDPOINT', 'MINIO_USE_SSL'),
  noTls: hasNoTls('MINIO_ENDPOINT', 'MINIO_USE_SSL'),
  notHttp: `The answer is not HTTP. Where the server speaks TLS: ${wantsTls('MINIO_ENDPOINT', 'MINIO_USE_SSL')}`,
  serverName:
    'Set MINIO_ENDPOINT to a name that the certificate is for, or give the server another one.',
  certificate: 'Give the CA that signed the certificate with MINIO_CA_FILE.',
  refused: `Is the server running, and on that port? ${ADDRESS}`,
  unknownName: `The name is not known. ${ADDRESS}`,
  notS3: `Is that an S3 server, or a proxy or console? ${ADDRESS}`,
};

const BACKUP_ADDRESS =
  'Check BACKUP_S3_ENDPOINT, BACKUP_S3_USE_SSL, BACKUP_S3_REGION and BACKUP_S3_CA_FILE.';
const BACKUP_KEYS = 'Check BACKUP_S3_ACCESS_KEY and BACKUP_S3_SECRET_KEY.';

/** Of the store in which `s3://` destinations lie. */
export const BACKUP_STORE_HINTS = {
  address: BACKUP_ADDRESS,
  invalidAddress: BACKUP_ADDRESS,
  keys: BACKUP_KEYS,
  signature: BACKUP_KEYS,
  rights: BACKUP_KEYS,
  needsTls: wantsTls('BACKUP_S3_ENDPOINT', 'BACKUP_S3_USE_SSL'),
  noTls: hasNoTls('BACKUP_S3_ENDPOINT', 'BACKUP_S3_USE_SSL'),
  notHttp: `The answer is not HTTP. Where the server speaks TLS: ${wantsTls('BACKUP_S3_ENDPOINT', 'BACKUP_S3_USE_SSL')}`,
  serverName: BACKUP_ADDRESS,
  certificate: BACKUP_ADDRESS,
  refused: BACKUP_ADDRESS,
  unknownName: BACKUP_ADDRESS,
  notS3: BACKUP_ADDRESS,
};

const COPY_ADDRESS =
  'Check BACKUP_COPY_S3_ENDPOINT, BACKUP_COPY_S3_USE_SSL, BACKUP_COPY_S3_REGION and BACKUP_COPY_S3_CA_FILE.';
const COPY_KEYS = 'Check BACKUP_COPY_S3_ACCESS_KEY and BACKUP_COPY_S3_SECRET_KEY.';

/** Of the store that `backup copy` writes into, where it is not that of all `s3://` destinations. */
export const COPY_STORE_HINTS = {
  address: COPY_ADDRESS,
  invalidAddress: COPY_ADDRESS,
  keys: COPY_KEYS,
  signature: COPY_KEYS,
  rights: COPY_KEYS,
  needsTls: wantsTls('BACKUP_COPY_S3_ENDPOINT', 'BACKUP_COPY_S3_USE_SSL'),
  noTls: hasNoTls('BACKUP_COPY_S3_ENDPOINT', 'BACKUP_COPY_S3_USE_SSL'),
  notHttp: `The answer is not HTTP. Where the server speaks TLS: ${wantsTls('BACKUP_COPY_S3_ENDPOINT', 'BACKUP_COPY_S3_USE_SSL')}`,
  serverName: COPY_ADDRESS,
  certificate: COPY_ADDRESS,
  refused: COPY_ADDRESS,
  unknownName: COPY_ADDRESS,
  notS3: COPY_ADDRESS,
};

const DRILL_ADDRESS =
  'Check DRILL_S3_ENDPOINT, DRILL_S3_USE_SSL, DRILL_S3_REGION and DRILL_S3_CA_FILE.';
const DRILL_KEYS = 'Check DRILL_S3_ACCESS_KEY and DRILL_S3_SECRET_KEY.';

/** The settings that name the server which drills use instead of the store. */
export const DRILL_STORE_HINTS = {
  address: DRILL_ADDRESS,
  invalidAddress: DRILL_ADDRESS,
  keys: DRILL_KEYS,
  signature: DRILL_KEYS,
  rights: DRILL_KEYS,
  needsTls: wantsTls('DRILL_S3_ENDPOINT', 'DRILL_S3_USE_SSL'),
  noTls: hasNoTls('DRILL_S3_ENDPOINT', 'DRILL_S3_USE_SSL'),
  notHttp: `The answer is not HTTP. Where the server speaks TLS: ${wantsTls('DRILL_S3_ENDPOINT', 'DRILL_S3_USE_SSL')}`,
  serverName: DRILL_ADDRESS,
  certificate: DRILL_ADDRESS,
  refused: DRILL_ADDRESS,
  unknownName: DRILL_ADDRESS,
  notS3: DRILL_ADDRESS,
};

export const MISSING_BACKUP_BUCKET_HINT =
  'Create the bucket, or check the URL and BACKUP_S3_ENDPOINT.';

/** `append`: for a run that deletes nothing; `delete`: a deletion was refused. */
export function backupRightsHint(bucket: string, kind: 'append' | 'delete' | 'all'): string {
  const place = `in the bucket ${bucket}`;
  switch (kind) {
    case 'append':
      return `${BACKUP_KEYS} An append-only run needs s3:ListBucket, s3:ListBucketMultipartUploads, s3:GetObject and s3:PutObject ${place}.`;
    case 'delete':
      return `${BACKUP_KEYS} If these keys are not meant to delete ${place}, back up with --append-only (BACKUP_S3_APPEND_ONLY=true). Everything else that changes backups needs keys that may delete.`;
    case 'all':
      return `Check BACKUP_S3_ACCESS_KEY and BACKUP_S3_SECRET_KEY (for the target of a copy BACKUP_COPY_S3_*, if set), and that their policy allows to list, read, write and delete ${place}.`;
  }
}

/** Why a command does not work with an append-only destination. */
export const APPEND_ONLY_SETTING = 'BACKUP_S3_APPEND_ONLY is true';
export const APPEND_ONLY_HINT =
  'Run it with keys that may delete, and without BACKUP_S3_APPEND_ONLY.';

export const BUCKET_WITHOUT_LOCK_HINT =
  'Object lock belongs to a bucket from its creation: create one with it, such as "mc mb --with-lock", or back up without --lock and BACKUP_LOCK_DAYS.';

export const LOCKS_NOT_KEPT_HINT =
  'No backup was made. Back up without --lock and BACKUP_LOCK_DAYS, or to a server that keeps object locks.';

export function unlockedBackupHint(destination: string): string {
  return `set BACKUP_LOCK_DAYS where it is made, or: mangamotion backup full ${destination} --lock`;
}

/** The hints for a store behind an HTTP proxy, which may be what is wrong. */
export function hintsThrough<Hints extends object>(
  { url, setting }: { url: string; setting: string },
  hints: Hints,
): Hints & { way: string } {
  const way = `Requests go through the proxy ${url} (${setting}; NO_PROXY names hosts that need none).`;
  const entries = Object.entries(hints as Record<string, string>).map(([kind, hint]) => [
    kind,
    OF_THE_STORE.has(kind) ? hint : `${way} ${hint}`,
  ]);
  return { ...(Object.fromEntries(entries) as Hints), way };
}

/** Hints for what the store itself has answered. */
const OF_THE_STORE = new Set(['invalidAddress', 'keys', 'signature', 'rights']);

/** What hints about Redis call its address. */
export const REDIS_ADDRESS_SETTING = 'REDIS_URL';
export const DRILL_REDIS_SETTING = 'DRILL_REDIS_URL';

export const ANOTHER_SERVER_TEXT = 'another server (DRILL_S3_ENDPOINT)';

export const EMPTY_REDIS_HINT = 'point DRILL_REDIS_URL at an empty database';

export const RESULT_BUCKETS_HINT =
  'if its result lies there, use --any-bucket, or add the bucket to JOB_RESULT_BUCKETS';

export const RESULT_GONE_HINT =
  'a lifecycle rule may have removed it; if it is stored elsewhere, set JOB_RESULT_PATHS';

export const NO_DISCOUNTS_TEXT = 'no discounts (BILLING_VOLUME_DISCOUNT_ENABLED=false)';

/** What `doctor` says where it has the name of a setting. */
export const DOCTOR_TEXTS = {
  redisWithAllKeys: 'point REDIS_URL at a Redis that has all keys',
  redisUnused: 'REDIS_URL is not set, and BILLING_ENABLED is false',
  redisAddress: 'check REDIS_URL',
  redisNotNamed: 'REDIS_URL is not set',
  redisMissing: 'set REDIS_URL; where there is no Redis, BILLING_ENABLED=false ends these checks',
  redisLogin: 'check the user and the password in REDIS_URL',
  redisMaster: 'point REDIS_URL at the master; redis-sentinel:// finds it',
  tracker:
    'look at the log of the workers: do they call the tracker, and is REDIS_URL theirs? ' +
    '`mangamotion billing audit` shows what is missing',
  billingOff: 'BILLING_ENABLED is false',
  storeAddress: 'check MINIO_ENDPOINT',
  storeUnused: 'no credentials of an object store are set (MINIO_ACCESS_KEY, MINIO_SECRET_KEY)',
  storeKeys: 'check MINIO_ACCESS_KEY and MINIO_SECRET_KEY',
  jobBuckets: 'set JOB_RESULT_PATHS and JOB_RESULT_BUCKETS',
  region: (region: string) => `set MINIO_REGION=${region}`,
  expectDeletions: (bucket: string) =>
    `if it is meant, set BACKUP_EXPECT_DELETIONS=${bucket}; else remove the rule`,
} as const;

/** Settings that the comments in generated units name. */
export const REDIS_SETTING = 'REDIS_URL';
export const CA_SETTING = 'MINIO_CA_FILE';
export const PORT_SETTING = 'MINIO_PORT';
