import { MangamotionError } from '../../errors.js';

export interface S3Location {
  /** The URL as the user gave it, without trailing slashes. */
  url: string;
  bucket: string;
  /** The prefix of every key: empty, or with a trailing slash. */
  prefix: string;
}

/** S3's rule for bucket names, and the capitals and underscores of old ones. */
const BUCKET_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,253}[a-zA-Z0-9]$/;
/** S3 allows keys of 1,024 bytes; the file names of a backup fit into the rest. */
const LONGEST_PREFIX_BYTES = 900;

export function isS3Url(location: string): boolean {
  return /^s3:\/\//i.test(location);
}

/** Parses a URL. Throws `usage` if the bucket or the prefix is missing or not valid. */
export function parseS3Url(location: string): S3Location {
  const rest = location.replace(/^s3:\/\//i, '');
  const [bucket = '', ...segments] = rest.replace(/\/+$/, '').split('/');
  if (!BUCKET_NAME.test(bucket)) {
    const what = bucket === '' ? 'names no bucket' : `has an invalid bucket name: ${bucket}`;
    throw new MangamotionError('usage', `${location} ${what}`, {
      hint: 'A destination in a bucket is written s3://bucket or s3://bucket/prefix.',
    });
  }
  // MinIO refuses such keys, and other servers may store them under other names.
  const isOdd = segments.some((segment) => ['', '.', '..'].includes(segment));
  const prefix = segments.map((segment) => `${segment}/`).join('');
  if (isOdd || Buffer.byteLength(prefix) > LONGEST_PREFIX_BYTES) {
    const what = isOdd ? 'has an empty, . or .. segment' : 'is too long';
    throw new MangamotionError('usage', `the prefix of ${location} ${what}`, {
      hint: 'A destination in a bucket is written s3://bucket or s3://bucket/prefix.',
    });
  }
  return { url: `s3://${[bucket, ...segments].join('/')}`, bucket, prefix };
}

/** Splits a URL into its folder and its last segment; `undefined` if it names only a bucket. */
export function splitS3Url(location: string): { folder: string; name: string } | undefined {
  const { url, prefix } = parseS3Url(location);
  if (prefix === '') return undefined;
  const slash = url.lastIndexOf('/');
  return { folder: url.slice(0, slash), name: url.slice(slash + 1) };
}
