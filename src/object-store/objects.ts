import type { Readable } from 'node:stream';
import type { FailedRequest } from '../errors.js';

/** The types of a store's contents: buckets, objects with their attributes, multipart uploads. */

/** The headers that belong to the object and are kept with it, by their names in lower case. */
export const OBJECT_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-website-redirect-location',
] as const;

type ObjectHeader = (typeof OBJECT_HEADERS)[number];

export interface Tag {
  key: string;
  value: string;
}

export interface ObjectAttributes {
  headers: Partial<Record<ObjectHeader, string>>;
  /** User metadata by name in lower case, without `x-amz-meta-`. */
  metadata: Record<string, string>;
  tags: Tag[];
  /** Encrypt with a key of the server; `null` leaves it to the bucket's default. */
  encryption: Encryption | null;
  /** `null` is STANDARD. */
  storageClass: string | null;
  /** Checksums that the server is to check and keep, by header name without `x-amz-checksum-`. */
  checksums: Record<string, string>;
}

/** Encryption at rest with a key of the server: SSE-S3 (`AES256`) or SSE-KMS (`aws:kms`). */
export interface Encryption {
  algorithm: string;
  /** The key of SSE-KMS; `null` is the server's default key. */
  keyId: string | null;
  /** S3 Bucket Keys are in use. */
  bucketKey: boolean;
}

/** The time until which nobody may delete or replace a version of an object. */
export interface Retention {
  /** GOVERNANCE yields to those who have the right to bypass it, COMPLIANCE to nobody. */
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** RFC 3339 in UTC, to the millisecond. */
  until: string;
}

/** What S3 Object Lock keeps with an object. */
export interface ObjectLock {
  retention: Retention | null;
  /** A legal hold is like a retention without an end, until it is removed. */
  legalHold: boolean;
}

export interface Bucket {
  name: string;
  /** RFC 3339, as the server gives it; `null` where it gives none. */
  createdAt: string | null;
}

export type BucketDocument =
  | { state: 'captured'; content: Buffer }
  /** The server has none, or an empty one. */
  | { state: 'none' }
  /** The server does not know such documents. */
  | { state: 'unsupported'; reason: string };

export interface ListedObject {
  key: string;
  sizeBytes: number;
  /** The ETag without its quotes. */
  etag: string;
  /** RFC 3339 in UTC, with the precision of the server. */
  lastModified: string;
  /** Present where it is not STANDARD and the server says so. */
  storageClass?: string | null;
}

export interface ListPage {
  objects: ListedObject[];
  /** The token of the next page; `null` on the last, unless `continueAfter` is present. */
  nextToken: string | null;
  /**
   * The server gives no token, though it says that there is more, or does not say that there is
   * not: the listing goes on with this key as `startAfter`.
   */
  continueAfter?: ContinueAfter | undefined;
}

export interface ObjectHead extends ObjectLock {
  /** The size of the whole object, even where a range of it was requested. */
  sizeBytes: number;
  etag: string;
  /** RFC 3339 in UTC; the header has whole seconds. `''` where the server does not say. */
  lastModified: string;
  versionId: string | null;
  headers: ObjectAttributes['headers'];
  metadata: ObjectAttributes['metadata'];
  /** How many more entries of user metadata there are that no header can carry. */
  missingMetadata: number;
  /** `null` where the server does not say: it may have tags or not. */
  tagCount: number | null;
  /** False where the server says or implies that the ETag is not an MD5 (multipart, SSE-KMS, SSE-C). */
  etagIsMd5: boolean;
  /** How it is encrypted at rest with a key of the server; `null` where the server does not say. */
  encryption: ObjectAttributes['encryption'];
  /** `null` where it is STANDARD, or where the server does not say. */
  storageClass: string | null;
  /** Checksums by header name without `x-amz-checksum-`; empty where the server has none. */
  checksums: Record<string, string>;
}

export interface OpenObject {
  head: ObjectHead;
  /** The bytes asked for, as Buffers. */
  body: Readable;
}

export interface ReadObject {
  head: ObjectHead;
  /** `undefined` where the object has more than `maxBytes`. */
  content: Buffer | undefined;
}

export interface ObjectContent {
  sizeBytes: number;
  /** The digest of the whole content, in lower-case hex. */
  sha256: string;
  /** Opens the content from its start; called again for each attempt. */
  open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface StoredObject {
  etag: string;
  versionId: string | null;
}

export interface UndeletedObject {
  key: string;
  /** What the server said: the S3 code, and its message. */
  reason: string;
  /** What is known of the request, for reports. */
  request?: FailedRequest | undefined;
  /** True where a retry a moment later may succeed. */
  mayPass: boolean;
}

/** A listing that goes on behind a key, as the server gives no token for the rest. */
export interface ContinueAfter {
  key: string;
  /** The server says that it goes on; otherwise it does not say, and the page may be the last. */
  isCertain: boolean;
}

export interface UploadedPart {
  partNumber: number;
  etag: string;
}

export interface MultipartUpload {
  key: string;
  uploadId: string;
  /** RFC 3339, as the server gives it. */
  initiatedAt: string;
}
