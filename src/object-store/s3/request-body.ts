import { createHash } from 'node:crypto';
import type { RequestBody } from './s3-client.js';

export function bodyOf(text: string | Uint8Array): RequestBody {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, sizeBytes: bytes.length, open: () => [bytes] };
}

/** The Content-MD5 header, which S3 requires for a bulk delete and for most bucket documents. */
export function md5Header(text: string | Uint8Array): { 'content-md5': string } {
  return { 'content-md5': createHash('md5').update(text).digest('base64') };
}
