/** Variables whose values must never be shown. REDIS_URL can hold a password. */
export const SECRET_VARIABLES = [
  'MINIO_SECRET_KEY',
  'S3_SECRET_KEY',
  'BACKUP_S3_SECRET_KEY',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'REDIS_URL',
] as const;

const secretNames: ReadonlySet<string> = new Set(SECRET_VARIABLES);

export function isSecretVariable(name: string): boolean {
  return secretNames.has(name);
}
