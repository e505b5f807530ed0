import type { Page } from './odd-listing.js';

/** A request to an S3 server, taken apart as far as quirks need it. */
export interface OddRequest {
  method: string;
  /** Its name in the S3 API: `GetObject`. */
  operation: string;
  /** `''` where it is about none. */
  bucket: string;
  /** As text; `''` where it is about none. */
  key: string;
  /** Decoded; a parameter without a value has `''`. */
  query: Map<string, string>;
  /** Names in lower case, values one character a byte. */
  headers: Record<string, string>;
  body: Buffer;
}

export interface OddAnswer {
  status: number;
  /** Names in lower case, values one character a byte. */
  headers: Record<string, string>;
  body: Buffer;
  /** Of ListObjectsV2, in place of the body: it becomes a document when the quirk is through. */
  page?: Page;
  /** In place of the body. */
  stream?: AsyncIterable<Buffer>;
  /** The connection is closed after so many bytes of the body. */
  cutAfter?: number;
}

const SUBRESOURCES: Record<string, string> = {
  cors: 'BucketCors',
  encryption: 'BucketEncryption',
  lifecycle: 'BucketLifecycleConfiguration',
  location: 'BucketLocation',
  notification: 'BucketNotificationConfiguration',
  'object-lock': 'ObjectLockConfiguration',
  policy: 'BucketPolicy',
  replication: 'BucketReplication',
  versioning: 'BucketVersioning',
  retention: 'ObjectRetention',
  'legal-hold': 'ObjectLegalHold',
};

const VERBS: Record<string, string> = { GET: 'Get', HEAD: 'Head', PUT: 'Put', DELETE: 'Delete' };

/** The operation by its name in the S3 API, as far as the product sends it. */
export function operationOf(
  method: string,
  { bucket, key, query }: Pick<OddRequest, 'bucket' | 'key' | 'query'>,
): string {
  const verb = VERBS[method] ?? method;
  if (bucket === '') return 'ListBuckets';
  const of = key === '' ? 'Bucket' : 'Object';
  if (query.has('tagging')) return `${verb}${of}Tagging`;
  if (query.has('acl')) return `${verb}${of}Acl`;
  for (const [name, subresource] of Object.entries(SUBRESOURCES)) {
    if (query.has(name)) return verb + subresource;
  }
  if (key !== '') return objectOperation(method, verb, query);
  if (method === 'GET') return query.has('uploads') ? 'ListMultipartUploads' : 'ListObjectsV2';
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : method;
  return method === 'PUT' ? 'CreateBucket' : `${verb}Bucket`;
}

function objectOperation(method: string, verb: string, query: Map<string, string>): string {
  if (query.has('uploads')) return 'CreateMultipartUpload';
  if (!query.has('uploadId')) return `${verb}Object`;
  if (method === 'POST') return 'CompleteMultipartUpload';
  if (method === 'PUT') return 'UploadPart';
  return method === 'DELETE' ? 'AbortMultipartUpload' : 'ListParts';
}

/** An S3 error document with its status. */
export function refusal(status: number, code: string, message = 'as this server is'): OddAnswer {
  return document(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

export function document(status: number, xml: string, type = 'application/xml'): OddAnswer {
  const body = Buffer.from(xml);
  return { status, headers: { 'content-type': type, 'content-length': `${body.length}` }, body };
}

const LOGIN =
  '<!DOCTYPE html><html><body><form action="/login">Please sign in</form></body></html>';

/** What a proxy that wants a login answers in the server's place. */
export function loginPage(): OddAnswer {
  return document(200, LOGIN, 'text/html; charset=utf-8');
}

/** The same answer with another body, and the length of that. */
export function withBody(answer: OddAnswer, body: Buffer | string): OddAnswer {
  const bytes = Buffer.from(body as string);
  return {
    ...answer,
    headers: { ...answer.headers, 'content-length': `${bytes.length}` },
    body: bytes,
  };
}

/** The same message with headers changed; without those that are `undefined`. */
export function withHeaders<T extends { headers: Record<string, string> }>(
  message: T,
  changes: Record<string, string | undefined>,
): T {
  const kept = Object.entries({ ...message.headers, ...changes }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...message, headers: Object.fromEntries(kept) };
}

/** The same answer without a length: chunk by chunk. */
export function chunked(answer: OddAnswer): OddAnswer {
  return withHeaders(answer, { 'content-length': undefined, 'transfer-encoding': 'chunked' });
}

/** The same request without some of its parameters. */
export function withoutQuery(request: OddRequest, ...names: string[]): OddRequest {
  const query = new Map(request.query);
  for (const name of names) query.delete(name);
  return { ...request, query };
}
