import { MangamotionError, isMangamotionError } from '../../../errors.js';
import { documentIn, documentRefused } from '../wire/bucket-document-answer.js';
import {
  BUCKET_DOCUMENTS,
  type BucketDocumentForm,
  type BucketDocumentKind,
} from '../../bucket-documents.js';
import type { BucketDocument, RequestOptions } from '../../port.js';
import { bodyOf, md5Header } from '../request-body.js';
import type { S3Requests } from '../s3-requests.js';
import { notS3, s3CodeOf, S3ResponseError } from '../../store-errors.js';

/** Reads and writes bucket documents; see the port. */

export async function readBucketDocument(
  requests: S3Requests,
  bucket: string,
  kind: BucketDocumentKind,
  { signal }: RequestOptions,
): Promise<BucketDocument> {
  const form = formOf(kind);
  const request = { method: 'GET', bucket, query: form.subresource, signal } as const;
  try {
    const { content } = await requests.read(request);
    const document = documentIn(form, content);
    if (document !== null) return document;
  } catch (error) {
    const refusal = error instanceof Error ? error.cause : undefined;
    if (!(refusal instanceof S3ResponseError)) throw error;
    const document = documentRefused(form, refusal.code, refusal.statusCode);
    if (document === null) throw error;
    // MinIO also reports missing tags and object lock for buckets that do not exist.
    if (document.state === 'none') await requests.omit({ method: 'HEAD', bucket, signal });
    return document;
  }
  throw notS3(`with no ${form.fileName}`, requests.context(request));
}

/**
 * Reads the document first: a server that does not support the sub-resource would take the PUT as a
 * request to create the bucket, which may succeed.
 */
export async function writeBucketDocument(
  requests: S3Requests,
  bucket: string,
  kind: BucketDocumentKind,
  content: Uint8Array,
  { signal }: RequestOptions,
): Promise<void> {
  const form = formOf(kind);
  const before = await readBucketDocument(requests, bucket, kind, { signal });
  if (before.state === 'unsupported') {
    const message = `${bucket}: ${requests.endpoint} does not accept ${form.fileName}: ${before.reason}`;
    throw new MangamotionError('refused', message);
  }
  const type = form.root === null ? 'application/json' : 'application/xml';
  const headers = { 'content-type': type, ...md5Header(content) };
  const body = bodyOf(content);
  try {
    const query = form.subresource;
    await requests.omit({ method: 'PUT', bucket, query, headers, body, signal });
  } catch (error) {
    throw isMangamotionError(error) && isAboutTheDocument(error) ? refusedFor(error) : error;
  }
}

function formOf(kind: BucketDocumentKind): BucketDocumentForm {
  const form = BUCKET_DOCUMENTS.find((candidate) => candidate.kind === kind);
  if (form === undefined) throw new TypeError(`unknown bucket document: ${kind}`);
  return form;
}

/** Error messages of Go's parsers for invalid XML. */
const UNREADABLE = /cause\((?:EOF|expected element type|XML syntax error|parsing time|strconv)/;

/** Whether an error that is not `refused` by its code still means that the document is refused. */
function isAboutTheDocument(error: MangamotionError): boolean {
  // The document names a replication target or a topic that does not exist.
  if (error.code === 'not_found') return s3CodeOf(error) !== 'NoSuchBucket';
  // MinIO reports a document that it cannot parse as an internal error.
  return s3CodeOf(error) === 'InternalError' && UNREADABLE.test(error.message);
}

function refusedFor(error: MangamotionError): MangamotionError {
  return new MangamotionError('refused', error.message, {
    cause: error.cause,
    request: error.request,
  });
}
