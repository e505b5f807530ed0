import { isMangamotionError } from '../../../errors.js';
import { locationDocument, parseBuckets, parseLocation } from '../wire/bucket-xml.js';
import type { Bucket, CreateBucketOptions, RequestOptions } from '../../port.js';
import { bodyOf } from '../request-body.js';
import type { S3Requests } from '../s3-requests.js';
import { isUnexpectedAnswer, s3CodeOf } from '../../store-errors.js';

/** Lists, finds and creates buckets; see the port. */

export async function listBuckets(
  requests: S3Requests,
  { signal }: RequestOptions,
): Promise<Bucket[]> {
  const request = { method: 'GET', signal } as const;
  const buckets = await requests.document(request, parseBuckets, 'ListAllMyBucketsResult');
  return buckets.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
}

export async function bucketExists(
  requests: S3Requests,
  bucket: string,
  { signal }: RequestOptions,
): Promise<boolean> {
  try {
    await requests.omit({ method: 'HEAD', bucket, signal });
    return true;
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return false;
    throw error;
  }
}

export async function bucketRegion(
  requests: S3Requests,
  bucket: string,
  { signal }: RequestOptions,
): Promise<string | null> {
  const request = { method: 'GET', bucket, query: 'location', signal } as const;
  try {
    return await requests.document(request, parseLocation, 'LocationConstraint');
  } catch (error) {
    const isOutOfReach = isMangamotionError(error, 'unreachable') && !isUnexpectedAnswer(error);
    const concernsRegion = isMangamotionError(error) && !isOutOfReach;
    if (concernsRegion && s3CodeOf(error) !== 'NoSuchBucket') return null;
    throw error;
  }
}

/** Creates the bucket in `region`. S3 does not accept us-east-1 as a LocationConstraint. */
export async function createBucket(
  requests: S3Requests,
  bucket: string,
  { objectLock = false, signal }: CreateBucketOptions,
  region = 'us-east-1',
): Promise<void> {
  const body = bodyOf(region === 'us-east-1' ? '' : locationDocument(region));
  const headers: Record<string, string> = objectLock
    ? { 'x-amz-bucket-object-lock-enabled': 'true' }
    : {};
  try {
    await requests.omit({ method: 'PUT', bucket, headers, body, signal });
  } catch (error) {
    if (s3CodeOf(error) !== 'BucketAlreadyOwnedByYou') throw error;
  }
}
