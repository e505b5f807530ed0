import { requireStoreSettings } from '../../config/load.js';
import { isMangamotionError } from '../../errors.js';
import type { Artifact } from '../../jobs/result.js';
import type { ObjectStore } from '../../object-store/port.js';
import { presignGet, type PresignTarget } from '../../object-store/s3/presign.js';
import type { StoreAccess } from './store-access.js';

/** How long a URL works unless told otherwise. */
export const DEFAULT_EXPIRES_SECONDS = 3600;
const DEFAULT_REGION = 'us-east-1';

export interface UrlRequest {
  artifact: Artifact;
  expiresSeconds: number;
  now: Date;
  /** The name under which browsers save the object; `undefined`: they derive one from the key. */
  fileName?: string;
}

/** Resolves to a presigned URL for the address at which users reach the store, and what it leads to. */
export async function presigned(
  access: StoreAccess,
  { artifact: { bucket, key, head }, expiresSeconds, now, fileName }: UrlRequest,
) {
  const target = await presignTarget(access, await access.openStore(), bucket);
  return {
    url: presignGet(target, { bucket, key, expiresSeconds, now, fileName }),
    expires_in: expiresSeconds,
    content_type: head.headers['content-type'] ?? 'application/octet-stream',
    expires_at: new Date(now.getTime() + expiresSeconds * 1000).toISOString(),
    ...{ size_bytes: head.sizeBytes, bucket, key },
  };
}

/** The address that users reach the store at, and the region that the server checks. */
async function presignTarget(
  { config, signal }: StoreAccess,
  store: ObjectStore,
  bucket: string,
): Promise<PresignTarget> {
  const settings = requireStoreSettings(config);
  const { host: endpoint, port, useTls } = config.publicAddress ?? settings;
  const region = settings.region ?? (await regionOf(store, bucket, signal));
  const { accessKey, secretKey } = settings;
  return { endpoint, port, useTls, accessKey, secretKey: secretKey.reveal(), region };
}

/** Whoever may read objects need not be permitted to ask for the region. */
async function regionOf(store: ObjectStore, bucket: string, signal: AbortSignal): Promise<string> {
  try {
    return (await store.bucketRegion(bucket, { signal })) ?? DEFAULT_REGION;
  } catch (error) {
    if (isMangamotionError(error, 'access_denied', 'refused')) return DEFAULT_REGION;
    throw error;
  }
}
