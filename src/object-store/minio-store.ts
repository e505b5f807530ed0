import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { buffer as readAll } from 'node:stream/consumers';
import { isMangamotionError } from '../errors.js';
import { locationDocument, parseBuckets, parseLocation, parseTags } from './bucket-xml.js';
import { percentEncode } from './header-text.js';
import { parseListPage } from './list-page-xml.js';
import { eachPage } from './listing.js';
import { attributeHeaders, objectHead } from './object-headers.js';
import type {
  Bucket,
  GetOptions,
  ListedObject,
  ListOptions,
  ListPage,
  ListPageOptions,
  ObjectContent,
  ObjectHead,
  ObjectStore,
  OpenObject,
  PutOptions,
  ReadObject,
  ReadOptions,
  RequestOptions,
  StoredObject,
  Tag,
} from './port.js';
import { translateFailure } from './response-body.js';
import { S3Client, type S3Request } from './s3-client.js';
import { codeOf, notS3, repeatedToken, translated, type ErrorContext } from './store-errors.js';
import { openUpload } from './upload.js';

export interface MinioStoreOptions {
  /** A host name or address, without scheme and port. */
  endpoint: string;
  port: number;
  useTls: boolean;
  accessKey: string;
  secretKey: string;
  /** To sign for, and to create buckets in; us-east-1 where absent. */
  region?: string | undefined;
  /** Certificates to trust instead of the system's, in PEM. */
  caPem?: string | undefined;
  /** Connections at once, 64 where absent. */
  maxSockets?: number | undefined;
  /** A server that moves no byte for so long counts as unreachable; 60 s where absent. */
  idleTimeoutMs?: number | undefined;
}

const IDLE_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
const MAX_PAGE = 1000;

/** An S3 server through the minio package. Tries everything once: see `withRetries`. */
export function openMinioStore(options: MinioStoreOptions): ObjectStore {
  return new MinioStore(options);
}

class MinioStore implements ObjectStore {
  readonly endpoint: string;
  readonly #client: S3Client;
  readonly #region: string | undefined;

  constructor(options: MinioStoreOptions) {
    const host = options.endpoint.includes(':') ? `[${options.endpoint}]` : options.endpoint;
    this.endpoint = `${options.useTls ? 'https' : 'http'}://${host}:${options.port}`;
    this.#region = options.region;
    this.#client = new S3Client({
      ...options,
      region: options.region,
      caPem: options.caPem,
      maxSockets: options.maxSockets ?? 64,
      idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
  }

  async listBuckets(options: RequestOptions = {}): Promise<Bucket[]> {
    const request = { method: 'GET', signal: options.signal } as const;
    const buckets = await this.#document(request, parseBuckets, 'ListAllMyBucketsResult');
    return buckets.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  async bucketExists(bucket: string, options: RequestOptions = {}): Promise<boolean> {
    try {
      await this.#omit({ method: 'HEAD', bucket, signal: options.signal });
      return true;
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) return false;
      throw error;
    }
  }

  async bucketRegion(bucket: string, options: RequestOptions = {}): Promise<string | null> {
    const request = { method: 'GET', bucket, query: 'location', signal: options.signal } as const;
    const region = await this.#document(request, parseLocation, 'LocationConstraint');
    return region === '' ? null : region;
  }

  async createBucket(bucket: string, options: RequestOptions = {}): Promise<void> {
    const region = this.#region ?? 'us-east-1';
    const document = region === 'us-east-1' ? '' : locationDocument(region);
    const bytes = Buffer.from(document);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const body = { sha256, sizeBytes: bytes.length, open: () => [bytes] };
    try {
      await this.#omit({ method: 'PUT', bucket, body, signal: options.signal });
    } catch (error) {
      const owned = error instanceof Error && codeOf(error.cause) === 'BucketAlreadyOwnedByYou';
      if (!owned) throw error;
    }
  }

  async deleteBucket(bucket: string, options: RequestOptions = {}): Promise<void> {
    await this.#omit({ method: 'DELETE', bucket, signal: options.signal });
  }

  listObjects(bucket: string, options: ListOptions = {}): AsyncIterable<ListedObject[]> {
    return eachPage(
      (token) => this.listPage(bucket, { ...options, token }),
      (token) => repeatedToken(token, this.#context({ bucket })),
    );
  }

  listPage(bucket: string, options: ListPageOptions = {}): Promise<ListPage> {
    const { prefix = '', token, maxKeys = MAX_PAGE, signal } = options;
    const query = [
      ...(token === undefined ? [] : [`continuation-token=${percentEncode(token)}`]),
      'encoding-type=url',
      'list-type=2',
      `max-keys=${maxKeys}`,
      `prefix=${percentEncode(prefix)}`,
    ].join('&');
    return this.#document(
      { method: 'GET', bucket, query, signal },
      parseListPage,
      'ListBucketResult',
    );
  }

  async headObject(bucket: string, key: string, options: RequestOptions = {}): Promise<ObjectHead> {
    const request = { method: 'HEAD', bucket, key, signal: options.signal } as const;
    const response = await this.#send(request);
    response.resume();
    return this.#head(response, request);
  }

  async getObject(bucket: string, key: string, options: GetOptions = {}): Promise<OpenObject> {
    const { range, ifMatch, signal } = options;
    const headers: Record<string, string> = {};
    if (range !== undefined) {
      headers.range = `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`;
    }
    if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`;
    const request = { method: 'GET', bucket, key, headers, signal } as const;
    const response = await this.#send(request);
    try {
      const head = this.#head(response, request);
      if (range !== undefined) this.#checkRange(response, range.start, request);
      const body = translateFailure(response, (error) => this.#failure(error, request) as Error);
      return { head, body };
    } catch (error) {
      response.destroy();
      throw error;
    }
  }

  async readObject(bucket: string, key: string, options: ReadOptions): Promise<ReadObject> {
    const request = { method: 'GET', bucket, key, signal: options.signal } as const;
    try {
      const { headers, body } = await this.#client.fetch(request, options);
      return { head: this.#headOf(headers, request), content: body };
    } catch (error) {
      throw this.#failure(error, request);
    }
  }

  async putObject(
    bucket: string,
    key: string,
    content: ObjectContent,
    options: PutOptions = {},
  ): Promise<StoredObject> {
    const upload = await openUpload(content);
    const headers = attributeHeaders(options.attributes ?? {});
    const request: S3Request = {
      ...{ method: 'PUT', bucket, key, headers },
      ...{ body: upload.body, signal: options.signal },
    };
    const response = await this.#send(request, upload.failure);
    response.resume();
    const version = response.headers['x-amz-version-id'];
    return {
      etag: (response.headers.etag ?? '').replace(/^"|"$/g, ''),
      versionId: typeof version === 'string' ? version : null,
    };
  }

  async deleteObject(bucket: string, key: string, options: RequestOptions = {}): Promise<void> {
    try {
      await this.#omit({ method: 'DELETE', bucket, key, signal: options.signal });
    } catch (error) {
      const gone = error instanceof Error && codeOf(error.cause) === 'NoSuchKey';
      if (!gone) throw error;
    }
  }

  getObjectTags(bucket: string, key: string, options: RequestOptions = {}): Promise<Tag[]> {
    const request = { ...{ bucket, key, query: 'tagging' }, signal: options.signal };
    return this.#document({ method: 'GET', ...request }, parseTags, 'Tagging');
  }

  close(): void {
    this.#client.close();
  }

  async #send(request: S3Request, sourceFailure?: () => unknown): Promise<IncomingMessage> {
    try {
      return await this.#client.send(request);
    } catch (error) {
      throw sourceFailure?.() ?? this.#failure(error, request);
    }
  }

  async #omit(request: S3Request): Promise<void> {
    const response = await this.#send(request);
    response.resume();
  }

  /** A small answer, parsed. */
  async #document<T>(
    request: S3Request,
    parse: (xml: string) => T | null,
    name: string,
  ): Promise<T> {
    const response = await this.#send(request);
    let bytes: Buffer;
    try {
      bytes = await readAll(response);
    } catch (error) {
      throw this.#failure(error, request);
    }
    const parsed = parse(bytes.toString());
    if (parsed === null) throw notS3(`with no ${name}`, this.#context(request));
    return parsed;
  }

  #head({ headers }: IncomingMessage, request: S3Request): ObjectHead {
    return this.#headOf(headers, request);
  }

  #headOf(headers: IncomingHttpHeaders, request: S3Request): ObjectHead {
    const head = objectHead(headers, this.#client.countsTags);
    if (head === null) {
      throw notS3('without Content-Length or Last-Modified', this.#context(request));
    }
    return head;
  }

  #checkRange(response: IncomingMessage, start: number, request: S3Request): void {
    if (response.headers['content-range']?.startsWith(`bytes ${start}-`) === true) return;
    throw notS3('with other bytes than those asked for', this.#context(request));
  }

  /** What the caller gets to see: the signal's reason, or what became of the request. */
  #failure(error: unknown, request: S3Request): unknown {
    if (request.signal?.aborted === true) return request.signal.reason;
    return translated(error, this.#context(request));
  }

  #context({ bucket, key }: Pick<S3Request, 'bucket' | 'key'>): ErrorContext {
    const subject = key === undefined ? bucket : `${bucket ?? ''}/${key}`;
    return { endpoint: this.endpoint, subject };
  }
}
