import { isMangamotionError } from '../../errors.js';
import { BUCKET_DOCUMENTS } from '../../object-store/bucket-documents.js';
import type { BucketDocument, ObjectStore } from '../../object-store/port.js';
import { type Expiration, expirationsIn } from './lifecycle.js';

/** What is known of a bucket's settings. */
export interface BucketState {
  bucket: string;
  /** `null` where the server names none. */
  region: string | null;
  versioning: 'on' | 'suspended' | 'off' | 'unknown';
  hasLock: boolean;
  /** The rules that remove current versions of objects. */
  expirations: readonly Expiration[];
  /** Whether a rule removes unfinished uploads. */
  endsUploads: boolean;
  /** The documents that may not be read, each with what the server says. */
  refused: readonly { document: string; message: string }[];
}

/** Reads the documents that a backup captures, and makes sense of some. */
export async function readBucketState(
  store: ObjectStore,
  bucket: string,
  signal: AbortSignal,
): Promise<BucketState> {
  const refused: { document: string; message: string }[] = [];
  const texts = new Map<string, string>();
  const [region] = await Promise.all([
    store.bucketRegion(bucket, { signal }),
    ...BUCKET_DOCUMENTS.map(async ({ kind }) => {
      const found = await readOne(store, bucket, kind, signal);
      if ('message' in found) refused.push({ document: kind, message: found.message });
      else if (found.state === 'captured') texts.set(kind, found.content.toString());
    }),
  ]);
  const lifecycle = texts.get('lifecycle') ?? '';
  return {
    ...{ bucket, region, refused },
    versioning: refused.some(({ document }) => document === 'versioning')
      ? 'unknown'
      : versioningIn(texts.get('versioning') ?? ''),
    hasLock: /<ObjectLockEnabled>\s*Enabled/.test(texts.get('object-lock') ?? ''),
    expirations: expirationsIn(lifecycle),
    endsUploads: lifecycle.includes('<AbortIncompleteMultipartUpload>'),
  };
}

async function readOne(
  store: ObjectStore,
  bucket: string,
  kind: (typeof BUCKET_DOCUMENTS)[number]['kind'],
  signal: AbortSignal,
): Promise<BucketDocument | { message: string }> {
  try {
    return await store.readBucketDocument(bucket, kind, { signal });
  } catch (error) {
    if (isMangamotionError(error, 'access_denied', 'refused')) return { message: error.message };
    throw error;
  }
}

function versioningIn(text: string): BucketState['versioning'] {
  const [, status] = /<Status>\s*(\w+)/.exec(text) ?? [];
  return status === 'Enabled' ? 'on' : status === 'Suspended' ? 'suspended' : 'off';
}
