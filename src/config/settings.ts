import * as v from 'valibot';
import {
  DEFAULT_BACKUP_QUEUE,
  MOST_WORKERS,
  QUEUE_RULE,
  isBackupQueue,
  parseExpectedDeletions,
  parseLockDays,
  parseRate,
  parseSourceName,
} from './backup-values.js';
import { parseRedisUrl } from './redis-address.js';
import { Secret } from './secret.js';
import { problemWith, type Settings } from './sources.js';
import { parseEndpoint } from './store-address.js';
import { isSecretVariable } from './variables.js';

/** Exact decimals stay text: money is never a binary floating-point number. */
const decimal = v.pipe(
  v.string(),
  v.regex(/^\d+(\.\d+)?$/, 'must be a decimal number such as 0.001'),
);
const percent = v.pipe(
  decimal,
  v.check((text) => Number(text) <= 100, 'must be a percentage, 0 to 100'),
);
const text = v.string();
const path = v.string();
const endpoint = readBy(parseEndpoint);
const redisUrl = readBy(parseRedisUrl);
const jobPaths = readBy(parseJobPaths);
const buckets = readBy(parseBuckets);
const pingUrl = readBy(parsePingUrl);
const rate = readBy(parseRate);
const sourceName = readBy(parseSourceName);
const expectedDeletions = readBy(parseExpectedDeletions);

const boolean = v.pipe(
  v.string(),
  v.toLowerCase(),
  v.picklist(['true', 'false', '1', '0', 'yes', 'no'], 'must be true or false (or 1, 0, yes, no)'),
  v.transform((word) => ['true', '1', 'yes'].includes(word)),
);

const port = wholeNumber(1, 65_535, 'a port number, 1 to 65535');
const days = wholeNumber(1, 100_000, 'a number of days, at least 1');
const lockDays = readBy(parseLockDays);
const queueName = v.pipe(v.string(), v.check(isBackupQueue, `must be ${QUEUE_RULE}`));

function wholeNumber(min: number, max: number, what: string) {
  const problem = `must be ${what}`;
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, problem),
    v.transform(Number),
    v.check((value) => value >= min && value <= max, problem),
  );
}

/** Reads a value with a function that returns a text where the value is wrong. */
function readBy<Value extends object>(parse: (text: string) => Value | string) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, Value>(({ dataset, addIssue, NEVER }) => {
      const parsed = parse(dataset.value);
      if (typeof parsed !== 'string') return parsed;
      addIssue({ message: parsed });
      return NEVER;
    }),
  );
}

/** Every variable, as text in and as its value out. */
const schema = v.object({
  REDIS_URL: v.optional(redisUrl, 'redis://127.0.0.1:6379'),
  REDIS_CA_FILE: v.optional(path),
  MINIO_ENDPOINT: v.optional(endpoint),
  MINIO_PORT: v.optional(port),
  MINIO_USE_SSL: v.optional(boolean, 'false'),
  MINIO_ACCESS_KEY: v.optional(text),
  MINIO_SECRET_KEY: v.optional(text),
  MINIO_SECRET_KEY_FILE: v.optional(path),
  MINIO_REGION: v.optional(text),
  MINIO_CA_FILE: v.optional(path),
  MINIO_PUBLIC_ENDPOINT: v.optional(endpoint),
  S3_ENDPOINT: v.optional(endpoint),
  S3_ACCESS_KEY: v.optional(text),
  S3_SECRET_KEY: v.optional(text),
  S3_REGION: v.optional(text),
  S3_CA_CERT_PATH: v.optional(path),
  S3_BUCKET: v.optional(text),
  JOB_RESULT_PATHS: v.optional(jobPaths, 'processed/{job}/result.zip,outputs/{job}/video.mp4'),
  JOB_RESULT_BUCKETS: v.optional(buckets),
  JOB_PREVIEW_PATHS: v.optional(jobPaths, 'processed/{job}/thumb.jpg,outputs/{job}/thumb.jpg'),
  BILLING_ENABLED: v.optional(boolean, 'true'),
  BILLING_RATE_GB: v.optional(decimal, '0.001'),
  BILLING_RATE_SECOND: v.optional(decimal, '0.0001'),
  BILLING_VOLUME_DISCOUNT_ENABLED: v.optional(boolean, 'true'),
  BILLING_DISCOUNT_TIER_1_THRESHOLD: v.optional(decimal, '100'),
  BILLING_DISCOUNT_TIER_1_PERCENT: v.optional(percent, '10'),
  BILLING_DISCOUNT_TIER_2_THRESHOLD: v.optional(decimal, '500'),
  BILLING_DISCOUNT_TIER_2_PERCENT: v.optional(percent, '20'),
  BILLING_DISCOUNT_TIER_3_THRESHOLD: v.optional(decimal, '2000'),
  BILLING_DISCOUNT_TIER_3_PERCENT: v.optional(percent, '30'),
  BILLING_DISCOUNT_MODE: v.optional(
    v.picklist(['volume', 'graduated'], 'must be volume or graduated'),
    'volume',
  ),
  BILLING_RETENTION_DAYS: v.optional(days, '90'),
  BACKUP_RETENTION_DAYS: v.optional(days, '30'),
  BACKUP_COMPRESSION: v.optional(boolean, 'true'),
  BACKUP_REDIS: v.optional(boolean, 'false'),
  BACKUP_WORKERS: v.optional(wholeNumber(1, MOST_WORKERS, `a whole number, 1 to ${MOST_WORKERS}`)),
  BACKUP_QUEUE: v.optional(queueName, DEFAULT_BACKUP_QUEUE),
  BACKUP_LOCK_DAYS: v.optional(lockDays),
  BACKUP_LIMIT_RATE: v.optional(rate),
  BACKUP_SOURCE_NAME: v.optional(sourceName),
  BACKUP_EXPECT_DELETIONS: v.optional(expectedDeletions),
  BACKUP_AGE_RECIPIENTS: v.optional(text),
  BACKUP_AGE_RECIPIENTS_FILE: v.optional(path),
  BACKUP_AGE_IDENTITY_FILE: v.optional(path),
  BACKUP_SIGNING_KEY_FILE: v.optional(path),
  BACKUP_SIGNER: v.optional(text),
  BACKUP_S3_ENDPOINT: v.optional(endpoint),
  BACKUP_S3_USE_SSL: v.optional(boolean, 'true'),
  BACKUP_S3_ACCESS_KEY: v.optional(text),
  BACKUP_S3_SECRET_KEY: v.optional(text),
  BACKUP_S3_SECRET_KEY_FILE: v.optional(path),
  BACKUP_S3_REGION: v.optional(text),
  BACKUP_S3_CA_FILE: v.optional(path),
  BACKUP_S3_APPEND_ONLY: v.optional(boolean, 'false'),
  BACKUP_COPY_S3_ENDPOINT: v.optional(endpoint),
  BACKUP_COPY_S3_USE_SSL: v.optional(boolean, 'true'),
  BACKUP_COPY_S3_ACCESS_KEY: v.optional(text),
  BACKUP_COPY_S3_SECRET_KEY: v.optional(text),
  BACKUP_COPY_S3_SECRET_KEY_FILE: v.optional(path),
  BACKUP_COPY_S3_REGION: v.optional(text),
  BACKUP_COPY_S3_CA_FILE: v.optional(path),
  DRILL_S3_ENDPOINT: v.optional(endpoint),
  DRILL_S3_USE_SSL: v.optional(boolean, 'true'),
  DRILL_S3_ACCESS_KEY: v.optional(text),
  DRILL_S3_SECRET_KEY: v.optional(text),
  DRILL_S3_SECRET_KEY_FILE: v.optional(path),
  DRILL_S3_REGION: v.optional(text),
  DRILL_S3_CA_FILE: v.optional(path),
  DRILL_REDIS_URL: v.optional(redisUrl),
  AWS_ENDPOINT_URL_S3: v.optional(endpoint),
  AWS_ENDPOINT_URL: v.optional(endpoint),
  AWS_ACCESS_KEY_ID: v.optional(text),
  AWS_SECRET_ACCESS_KEY: v.optional(text),
  AWS_SESSION_TOKEN: v.optional(text),
  AWS_REGION: v.optional(text),
  AWS_DEFAULT_REGION: v.optional(text),
  PING_URL: v.optional(pingUrl),
  JWT_SECRET: v.optional(text),
  JWT_SECRET_FILE: v.optional(path),
  SERVE_ADMIN_TOKEN: v.optional(text),
  SERVE_ADMIN_TOKEN_FILE: v.optional(path),
  HTTP_PROXY: v.optional(text),
  http_proxy: v.optional(text),
  HTTPS_PROXY: v.optional(text),
  https_proxy: v.optional(text),
  NO_PROXY: v.optional(text),
  no_proxy: v.optional(text),
  DRY_RUN: v.optional(boolean, 'false'),
});

export type Variables = v.InferOutput<typeof schema>;
export type VariableName = keyof Variables;

export const VARIABLE_NAMES = Object.keys(schema.entries) as VariableName[];

/** The text that a variable has where nothing sets it. */
export function defaultOf(name: VariableName): string | undefined {
  const entry: { default?: unknown } = schema.entries[name];
  return typeof entry.default === 'string' ? entry.default : undefined;
}

/** The values of all variables, or what is wrong with each that is wrong. */
export function readVariables(settings: Settings): { variables?: Variables; problems: string[] } {
  const values = Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
  const result = v.safeParse(schema, values, { abortPipeEarly: true });
  if (result.success) return { variables: result.output, problems: [] };
  const problems = result.issues.map((issue) => {
    const name = v.getDotPath(issue) ?? '';
    const setting = settings.get(name);
    const value = setting?.value ?? '';
    // An address with an @ has a password in it.
    const isSecret = isSecretVariable(name) || value.includes('@');
    const shown = isSecret ? '' : `, not ${JSON.stringify(value)}`;
    return problemWith(name, setting?.origin ?? 'default', issue.message + shown);
  });
  return { problems };
}

const EXAMPLE = 'processed/{job}/result.zip';

/**
 * Reads `processed/{job}/result.zip,outputs/{job}/video.mp4`: paths that begin with a bucket, or
 * with a prefix where all files are in one bucket. Returns what is wrong (`must …`) for anything else.
 */
export function parseJobPaths(text: string): string[] | string {
  const paths = text.split(',').map((path) => path.trim());
  for (const path of paths) {
    const problem = problemOf(path);
    if (problem !== undefined) return problem;
  }
  return [...new Set(paths)];
}

function problemOf(path: string): string | undefined {
  const [first = '', ...rest] = path.split('/');
  if (first === '' || rest.length === 0 || rest.at(-1) === '') {
    return `must be paths such as ${EXAMPLE}, with commas between them`;
  }
  // All jobs would have the same file.
  if (!rest.join('/').includes('{job}')) {
    return `must have {job} in each path, behind the first slash, as ${EXAMPLE} has`;
  }
  const other = /\{(?!job\})[^}]*\}?/.exec(path)?.[0];
  if (other !== undefined) return `must have no placeholder but {job}, and there is ${other}`;
  return undefined;
}

/** Reads names of buckets, separated by commas. Returns what is wrong (`must …`) for anything else. */
function parseBuckets(text: string): readonly string[] | string {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => /^[A-Za-z0-9][\w.-]{1,61}[A-Za-z0-9]$/.test(name))) return names;
  return 'must be names of buckets, separated by commas';
}

/** The placeholder for the name of an entry. */
const PLACEHOLDER = '{name}';

/**
 * Reads `https://hc-ping.com/key/mangamotion-{name}`. Returns what is wrong (`must …`) for anything
 * else, without repeating it: who knows the URL can report runs that never were.
 */
export function parsePingUrl(text: string): Secret | string {
  if (!/^https?:\/\//i.test(text)) return 'must be a URL that begins with http:// or https://';
  const example = text.replaceAll(PLACEHOLDER, 'name');
  if (/\s/.test(example) || !URL.canParse(example)) return 'must be a URL, without spaces';
  if (/[{}]/.test(example)) return 'must have no placeholder but {name}';
  // It would not be sent, and with it not what is added behind it.
  if (example.includes('#')) return 'must have # in it only as %23';
  return new Secret(text);
}
