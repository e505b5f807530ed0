import type { CopySource, RequestOptions, StoredObject } from '../../port.js';
import { bodyOf } from '../request-body.js';
import type { S3Request } from '../s3-client.js';
import type { S3Requests } from '../s3-requests.js';
import { parseCopy } from '../wire/multipart-xml.js';
import { encodePath, percentEncode } from '../wire/percent-encoding.js';
import { storedObject } from './upload-requests.js';

/** Requests that copy objects within the server; see the port. */

export async function copyObject(
  requests: S3Requests,
  source: CopySource,
  bucket: string,
  key: string,
  { signal }: RequestOptions,
): Promise<StoredObject> {
  const request = copyRequest(source, { bucket, key, signal });
  return await copyResult(requests, request, 'CopyObjectResult');
}

/** Returns a request without a body. A server that does not know copies takes it for an empty PUT. */
export function copyRequest(
  source: CopySource,
  target: Pick<S3Request, 'bucket' | 'key' | 'query' | 'signal'>,
): S3Request {
  const headers = {
    'x-amz-copy-source': `/${percentEncode(source.bucket)}/${encodePath(source.key)}`,
    'x-amz-copy-source-if-match': `"${source.etag}"`,
  };
  const copiedFrom = `${source.bucket}/${source.key}`;
  return { method: 'PUT', ...target, headers, copiedFrom, body: bodyOf('') };
}

/** Sends the request. S3 answers 200 before the copy ends; whether it succeeded is in the body. */
export async function copyResult(
  requests: S3Requests,
  request: S3Request,
  name: 'CopyObjectResult' | 'CopyPartResult',
): Promise<StoredObject> {
  return await requests.document(
    request,
    (xml, answered) => {
      const etag = parseCopy(xml, name);
      return etag === null ? null : { ...storedObject(answered), etag };
    },
    name,
  );
}
