import { MangamotionError } from '../errors.js';
import { operationOf, type RequestLine } from './operations.js';

/**
 * What S3 has ever taken for the name of a bucket (capitals and underscores in old ones, up to 255
 * characters), and the colon with which Ceph names a tenant's.
 */
const BUCKET_NAME = /^[\w.:-]{1,255}$/;

/**
 * Throws `refused` where the request would go elsewhere than its bucket and key say: a name with a
 * slash, a question mark or a control character, a name of dots, an empty one. Nothing is sent.
 */
export function checkNames(request: RequestLine): void {
  const { bucket, key } = request;
  if (bucket !== undefined && (!BUCKET_NAME.test(bucket) || /^\.+$/.test(bucket))) {
    throw unsendable(request, `${shown(bucket)} is not the name of a bucket`, 'InvalidBucketName');
  }
  if (key === '') {
    throw unsendable(request, `bucket ${bucket ?? ''}: an empty key names no object`, 'InvalidKey');
  }
}

function unsendable(request: RequestLine, message: string, code: string): MangamotionError {
  const operation = operationOf(request).name;
  return new MangamotionError('refused', message, {
    hint: 'A bucket is named with letters, digits, ".", "-" and "_" only.',
    request: { operation, status: null, code },
  });
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
