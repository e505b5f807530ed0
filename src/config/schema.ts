import { z } from 'zod';
import { parseRedisUrl } from './redis-address.js';
import type { Settings } from './sources.js';
import { problemWith } from './sources.js';
import { parseEndpoint } from './store-address.js';
import { isSecretVariable } from './variables.js';

/** Exact decimals stay text: money is never a binary floating-point number. */
const decimal = z.string().regex(/^\d+(\.\d+)?$/, 'must be a decimal number such as 0.001');
const percent = decimal.refine((text) => Number(text) <= 100, 'must be a percentage, 0 to 100');
const text = z.string();
const path = z.string();

const endpoint = z.string().transform((value, context) => {
  const parsed = parseEndpoint(value);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

const boolean = z
  .string()
  .toLowerCase()
  .pipe(
    z.enum(['true', 'false', '1', '0', 'yes', 'no'], 'must be true or false (or 1, 0, yes, no)'),
  )
  .transform((word) => ['true', '1', 'yes'].includes(word));

function wholeNumber(min: number, max: number, what: string) {
  const problem = `must be ${what}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, problem)
    .transform(Number)
    .refine((value) => value >= min && value <= max, problem);
}

const port = wholeNumber(1, 65_535, 'a port number, 1 to 65535');
const days = wholeNumber(1, 100_000, 'a number of days, at least 1');

const redisUrl = z.string().transform((value, context) => {
  const parsed = parseRedisUrl(value);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue({ code: 'custom', message: parsed });
  return z.NEVER;
});

/** Every variable, as text in and as its value out. */
const schema = z.object({
  REDIS_URL: redisUrl.prefault('redis://127.0.0.1:6379'),
  REDIS_CA_FILE: path.optional(),
  MINIO_ENDPOINT: endpoint.optional(),
  MINIO_PORT: port.optional(),
  MINIO_USE_SSL: boolean.default(false),
  MINIO_ACCESS_KEY: text.optional(),
  MINIO_SECRET_KEY: text.optional(),
  MINIO_SECRET_KEY_FILE: path.optional(),
  MINIO_REGION: text.optional(),
  MINIO_CA_FILE: path.optional(),
  MINIO_PUBLIC_ENDPOINT: endpoint.optional(),
  S3_ENDPOINT: endpoint.optional(),
  S3_ACCESS_KEY: text.optional(),
  S3_SECRET_KEY: text.optional(),
  S3_REGION: text.optional(),
  S3_CA_CERT_PATH: path.optional(),
  S3_BUCKET: text.optional(),
  BILLING_ENABLED: boolean.default(true),
  BILLING_RATE_GB: decimal.default('0.001'),
  BILLING_RATE_SECOND: decimal.default('0.0001'),
  BILLING_VOLUME_DISCOUNT_ENABLED: boolean.default(true),
  BILLING_DISCOUNT_TIER_1_THRESHOLD: decimal.default('100'),
  BILLING_DISCOUNT_TIER_1_PERCENT: percent.default('10'),
  BILLING_DISCOUNT_TIER_2_THRESHOLD: decimal.default('500'),
  BILLING_DISCOUNT_TIER_2_PERCENT: percent.default('20'),
  BILLING_DISCOUNT_TIER_3_THRESHOLD: decimal.default('2000'),
  BILLING_DISCOUNT_TIER_3_PERCENT: percent.default('30'),
  BILLING_DISCOUNT_MODE: z
    .enum(['volume', 'graduated'], 'must be volume or graduated')
    .default('volume'),
  BILLING_RETENTION_DAYS: days.default(90),
  BACKUP_RETENTION_DAYS: days.default(30),
  BACKUP_COMPRESSION: boolean.default(true),
  BACKUP_S3_ENDPOINT: endpoint.optional(),
  BACKUP_S3_ACCESS_KEY: text.optional(),
  BACKUP_S3_SECRET_KEY: text.optional(),
  BACKUP_S3_SECRET_KEY_FILE: path.optional(),
  BACKUP_S3_REGION: text.optional(),
  BACKUP_S3_CA_FILE: path.optional(),
  AWS_ENDPOINT_URL_S3: endpoint.optional(),
  AWS_ENDPOINT_URL: endpoint.optional(),
  AWS_ACCESS_KEY_ID: text.optional(),
  AWS_SECRET_ACCESS_KEY: text.optional(),
  AWS_SESSION_TOKEN: text.optional(),
  AWS_REGION: text.optional(),
  AWS_DEFAULT_REGION: text.optional(),
  DRY_RUN: boolean.default(false),
});

export type Variables = z.output<typeof schema>;
export type VariableName = keyof Variables;

export const VARIABLE_NAMES = Object.keys(schema.shape) as VariableName[];

/** The values of all variables, or what is wrong with each that is wrong. */
export function readVariables(settings: Settings): { variables?: Variables; problems: string[] } {
  const values = Object.fromEntries([...settings].map(([name, { value }]) => [name, value]));
  const result = schema.safeParse(values);
  if (result.success) return { variables: result.data, problems: [] };
  const problems = result.error.issues.map(({ path: [key], message }) => {
    const name = String(key);
    const setting = settings.get(name);
    const value = setting?.value ?? '';
    // An address with an @ has a password in it.
    const isSecret = isSecretVariable(name) || value.includes('@');
    const shown = isSecret ? '' : `, not ${JSON.stringify(value)}`;
    return problemWith(name, setting?.origin ?? 'default', message + shown);
  });
  return { problems };
}
