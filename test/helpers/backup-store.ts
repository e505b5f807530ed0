import { storeSettings } from './cli.js';

/** Settings with which `s3://` destinations lie on the server of this run, behind `endpoint`. */
export function backupStoreSettings(endpoint?: string): Record<string, string> {
  const { MINIO_ENDPOINT = '', MINIO_ACCESS_KEY = '', MINIO_SECRET_KEY = '' } = storeSettings();
  return {
    BACKUP_S3_ENDPOINT: endpoint ?? MINIO_ENDPOINT,
    BACKUP_S3_ACCESS_KEY: MINIO_ACCESS_KEY,
    BACKUP_S3_SECRET_KEY: MINIO_SECRET_KEY,
    BACKUP_S3_REGION: 'us-east-1',
  };
}
