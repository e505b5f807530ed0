import * as documents from './requests/bucket-document-requests.js';
import { PLAIN_HINTS, type StoreHints } from '../hint-kinds.js';
import type { BucketDocumentKind } from '../bucket-documents.js';
import * as buckets from './requests/bucket-requests.js';
import { deleteVersion, listVersionPage, listVersions } from './requests/version-requests.js';
import { getRetention, putRetention } from './requests/retention-requests.js';
import { deleteObjects, deleteVersionInBulk } from './requests/bulk-delete.js';
import { copyObject } from './requests/copy-requests.js';
import { eachObjectPage, listPage } from './requests/list-requests.js';
import type { ListUploadsOptions, UploadedPart } from '../port.js';
import { S3MultipartUploads } from './requests/multipart-requests.js';
import * as objects from './requests/object-requests.js';
import type {
  BypassOptions,
  CopySource,
  CreateBucketOptions,
  GetOptions,
  HeadOptions,
  ObjectVersion,
  ListedObject,
  ListOptions,
  ListPage,
  ListPageOptions,
  ObjectContent,
  ObjectStore,
  PutOptions,
  ReadOptions,
  RequestOptions,
  Retention,
  RetentionOptions,
  UploadOptions,
  VersionOptions,
  VersionPageOptions,
} from '../port.js';
import type { RateLimits } from '../rate-limit.js';
import { S3Client } from './s3-client.js';
import { S3Requests } from './s3-requests.js';
import type { StoreProxy } from './store-proxy.js';
import { putObject } from './requests/upload-requests.js';

export interface MinioStoreOptions {
  /** A host name or address, without scheme and port. */
  endpoint: string;
  port: number;
  useTls: boolean;
  accessKey: string;
  secretKey: string;
  /** The region to sign for and to create buckets in; us-east-1 by default. */
  region?: string | undefined;
  /** Certificates to trust instead of the system's, in PEM format. */
  caPem?: string | undefined;
  /** The HTTP proxy on the way, if there is one. */
  proxy?: StoreProxy | undefined;
  limits?: RateLimits | undefined;
  /** The number of threads that read whole objects; none by default. */
  readers?: number | undefined;
  /** The maximum number of connections of each thread; 64 by default. */
  maxSockets?: number | undefined;
  /** A connection without traffic for this long counts as broken; 60 s by default. */
  idleTimeoutMs?: number | undefined;
  /** Hints that name the user's settings; the neutral ones if absent. */
  hints?: StoreHints | undefined;
}

const IDLE_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** Opens an S3 server through the minio package. It tries each request once; see `withRetries`. */
export function openMinioStore(options: MinioStoreOptions): ObjectStore {
  return new MinioStore(options);
}

class MinioStore implements ObjectStore {
  readonly endpoint: string;
  readonly readers: number;
  readonly #client: S3Client;
  readonly #requests: S3Requests;
  readonly #uploads: S3MultipartUploads;
  readonly #region: string | undefined;

  constructor(options: MinioStoreOptions) {
    const host = options.endpoint.includes(':') ? `[${options.endpoint}]` : options.endpoint;
    this.endpoint = `${options.useTls ? 'https' : 'http'}://${host}:${options.port}`;
    this.#region = options.region;
    this.readers = options.limits === undefined ? (options.readers ?? 0) : 0;
    this.#client = new S3Client({
      ...options,
      hints: options.hints ?? PLAIN_HINTS,
      region: options.region,
      caPem: options.caPem,
      proxy: options.proxy,
      limits: options.limits,
      readers: this.readers,
      maxSockets: options.maxSockets ?? 64,
      idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
    this.#requests = new S3Requests(this.#client, this.endpoint, options.hints);
    this.#uploads = new S3MultipartUploads(this.#requests);
  }

  clockAheadMs(): number | undefined {
    return this.#client.clockAheadMs;
  }

  listBuckets(options: RequestOptions = {}) {
    return buckets.listBuckets(this.#requests, options);
  }

  bucketExists(bucket: string, options: RequestOptions = {}) {
    return buckets.bucketExists(this.#requests, bucket, options);
  }

  bucketRegion(bucket: string, options: RequestOptions = {}) {
    return buckets.bucketRegion(this.#requests, bucket, options);
  }

  createBucket(bucket: string, options: CreateBucketOptions = {}) {
    return buckets.createBucket(this.#requests, bucket, options, this.#region);
  }

  deleteBucket(bucket: string, { signal }: RequestOptions = {}) {
    return this.#requests.omit({ method: 'DELETE', bucket, signal });
  }

  readBucketDocument(bucket: string, kind: BucketDocumentKind, options: RequestOptions = {}) {
    return documents.readBucketDocument(this.#requests, bucket, kind, options);
  }

  writeBucketDocument(
    bucket: string,
    kind: BucketDocumentKind,
    content: Uint8Array,
    options: RequestOptions = {},
  ) {
    return documents.writeBucketDocument(this.#requests, bucket, kind, content, options);
  }

  listObjects(bucket: string, options: ListOptions = {}): AsyncIterable<ListedObject[]> {
    return eachObjectPage(this, bucket, options);
  }

  listPage(bucket: string, options: ListPageOptions = {}): Promise<ListPage> {
    return listPage(this.#requests, bucket, options);
  }

  headObject(bucket: string, key: string, options: HeadOptions = {}) {
    return objects.headObject(this.#requests, bucket, key, options);
  }

  getObject(bucket: string, key: string, options: GetOptions = {}) {
    return objects.getObject(this.#requests, bucket, key, options);
  }

  readObject(bucket: string, key: string, options: ReadOptions) {
    return objects.readObject(this.#requests, bucket, key, options);
  }

  putObject(bucket: string, key: string, content: ObjectContent, options: PutOptions = {}) {
    return putObject(this.#requests, bucket, key, content, options);
  }

  copyObject(source: CopySource, bucket: string, key: string, options: RequestOptions = {}) {
    return copyObject(this.#requests, source, bucket, key, options);
  }

  deleteObject(bucket: string, key: string, options: RequestOptions = {}) {
    return objects.deleteObject(this.#requests, bucket, key, options);
  }

  deleteObjects(bucket: string, keys: string[], options: RequestOptions = {}) {
    return deleteObjects(this.#requests, bucket, keys, options);
  }

  listVersionPage(bucket: string, options: VersionPageOptions = {}) {
    return listVersionPage(this.#requests, bucket, options);
  }

  listVersions(bucket: string, prefix: string, options: RequestOptions = {}) {
    return listVersions(this.#requests, bucket, prefix, options);
  }

  deleteVersion(
    bucket: string,
    version: Pick<ObjectVersion, 'key' | 'versionId'>,
    options: BypassOptions = {},
  ) {
    return deleteVersion(this.#requests, bucket, version, options);
  }

  deleteVersionInBulk(
    bucket: string,
    version: Pick<ObjectVersion, 'key' | 'versionId'>,
    options: BypassOptions = {},
  ) {
    return deleteVersionInBulk(this.#requests, bucket, version, options);
  }

  getObjectTags(bucket: string, key: string, options: RequestOptions = {}) {
    return objects.getObjectTags(this.#requests, bucket, key, options);
  }

  getObjectLock(bucket: string, key: string, options: RequestOptions = {}) {
    return objects.getObjectLock(this.#requests, bucket, key, options);
  }

  getRetention(bucket: string, key: string, options: VersionOptions = {}) {
    return getRetention(this.#requests, bucket, key, options);
  }

  putRetention(
    bucket: string,
    key: string,
    retention: Retention | null,
    options: RetentionOptions = {},
  ) {
    return putRetention(this.#requests, bucket, key, retention, options);
  }

  getObjectAcl(bucket: string, key: string, options: RequestOptions = {}) {
    return objects.getObjectAcl(this.#requests, bucket, key, options);
  }

  putObjectAcl(bucket: string, key: string, acl: string, options: RequestOptions = {}) {
    return objects.putObjectAcl(this.#requests, bucket, key, acl, options);
  }

  createMultipartUpload(bucket: string, key: string, options?: UploadOptions) {
    return this.#uploads.createMultipartUpload(bucket, key, options);
  }

  uploadPart(
    bucket: string,
    key: string,
    uploadId: string,
    partNumber: number,
    content: ObjectContent,
    options?: RequestOptions,
  ) {
    return this.#uploads.uploadPart(bucket, key, uploadId, partNumber, content, options);
  }

  copyPart(
    upload: { bucket: string; key: string; uploadId: string; partNumber: number },
    source: CopySource,
    range: { start: number; end: number },
    options?: RequestOptions,
  ) {
    return this.#uploads.copyPart(upload, source, range, options);
  }

  listParts(bucket: string, key: string, uploadId: string, options?: RequestOptions) {
    return this.#uploads.listParts(bucket, key, uploadId, options);
  }

  completeMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    parts: UploadedPart[],
    options?: RequestOptions,
  ) {
    return this.#uploads.completeMultipartUpload(bucket, key, uploadId, parts, options);
  }

  abortMultipartUpload(bucket: string, key: string, uploadId: string, options?: RequestOptions) {
    return this.#uploads.abortMultipartUpload(bucket, key, uploadId, options);
  }

  listMultipartUploads(bucket: string, prefix: string, options?: ListUploadsOptions) {
    return this.#uploads.listMultipartUploads(bucket, prefix, options);
  }

  close(): void {
    this.#client.close();
  }
}
