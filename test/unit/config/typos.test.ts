import { describe, expect, it } from 'vitest';
import { VARIABLE_NAMES } from '../../../src/config/settings.js';
import { findTypos } from '../../../src/config/typos.js';

function meant(name: string): string | undefined {
  return findTypos([name], VARIABLE_NAMES)[0]?.meant;
}

describe('a slip in a name', () => {
  it.each([
    ['MINIO_ENDPIONT', 'MINIO_ENDPOINT'],
    ['MINIO_ENDPOINTS', 'MINIO_ENDPOINT'],
    ['MINO_ACCESS_KEY', 'MINIO_ACCESS_KEY'],
    ['minio_access_key', 'MINIO_ACCESS_KEY'],
    ['BILING_ENABLED', 'BILLING_ENABLED'],
    ['BACKUP_RETENTION_DAY', 'BACKUP_RETENTION_DAYS'],
    ['S3_SECRT_KEY', 'S3_SECRET_KEY'],
    ['JOB_RESULT_PATH', 'JOB_RESULT_PATHS'],
  ])('%s is taken for %s', (name, known) => {
    expect(meant(name)).toBe(known);
  });
});

describe('names of other programs', () => {
  it.each([
    'MINIO_ROOT_USER',
    'MINIO_ROOT_PASSWORD',
    'MINIO_ROOT_PASSWORD_FILE',
    'MINIO_ACCESS_KEY_FILE',
    'MINIO_REGION_NAME',
    'MINIO_SITE_REGION',
    'MINIO_SERVER_URL',
    'MINIO_BROWSER',
    'MINIO_DOMAIN',
    'MINIO_OPTS',
    'MINIO_VOLUMES',
    'MINIO_PROMETHEUS_URL',
    'MINIO_CERT_FILE',
    'BACKUP_DIR',
    'S3_HOST',
    'JOB_NAME',
    'REDIS_URI',
    'AWS_PROFILE',
    'PATH',
    'DRY_RUN',
  ])('%s is left alone', (name) => {
    expect(meant(name)).toBeUndefined();
  });
});
