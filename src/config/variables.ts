/**
 * Variables whose values must never be shown. REDIS_URL can hold a password, and who knows PING_URL can
 * report runs that never were.
 */
export const SECRET_VARIABLES = [
  'MINIO_SECRET_KEY',
  'S3_SECRET_KEY',
  'BACKUP_S3_SECRET_KEY',
  'BACKUP_COPY_S3_SECRET_KEY',
  'DRILL_S3_SECRET_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'REDIS_URL',
  'DRILL_REDIS_URL',
  'PING_URL',
  'JWT_SECRET',
  'SERVE_ADMIN_TOKEN',
] as const;

/** Their values may hold a login, and may be shown without it. */
export const PROXY_VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'] as const;

const secretNames: ReadonlySet<string> = new Set(SECRET_VARIABLES);

export function isSecretVariable(name: string): boolean {
  return secretNames.has(name);
}
