import type { Readable } from 'node:stream';
import type { FailedRequest } from '../errors.js';

/** What a store keeps: buckets, objects with their attributes, uploads in parts. */

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
  /** To be encrypted with a key of the server; `null`: as the bucket's default says. */
  encryption: Encryption | null;
  /** `null` is STANDARD. */
  storageClass: string | null;
  /** Checksums that the server is to check and keep, by header name without `x-amz-checksum-`. */
  checksums: Record<string, string>;
}

/** Encryption at rest with a key of the server: SSE-S3 (`AES256`) or SSE-KMS (`aws:kms`). */
export interface Encryption {
  algorithm: string;
  /** Of SSE-KMS; `null` is the server's default key. */
  keyId: string | null;
  /** S3 Bucket Keys are in use. */
  bucketKey: boolean;
}

/** Until when nobody may delete or replace a version of an object. */
export interface Retention {
  /** GOVERNANCE yields to those who have the right to bypass it, COMPLIANCE to nobody. */
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** RFC 3339 in UTC, to the millisecond. */
  until: string;
}

/** What S3 Object Lock keeps with an object. */
export interface ObjectLock {
  retention: Retention | null;
  /** Like a retention without an end, until it is taken off. */
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
  /** Without the quotes. */
  etag: string;
  /** RFC 3339 in UTC, with the precision of the server. */
  lastModified: string;
  /** Where it is another one than STANDARD, and the server tells. */
  storageClass?: string | null;
}

export interface ListPage {
  objects: ListedObject[];
  /** Of the page after this one; `null` on the last, unless `goesOnBehind` is there. */
  nextToken: string | null;
  /**
   * The server gives no token, though it says that there is more, or does not say that there is
   * not: the listing goes on with this key as `startAfter`.
   */
  goesOnBehind?: GoesOnBehind | undefined;
}

export interface ObjectHead extends ObjectLock {
  /** Of the whole object, also when a range of it was asked for. */
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
  /** False where the server says or implies that the ETag is no MD5 (multipart, SSE-KMS, SSE-C). */
  etagIsMd5: boolean;
  /** How it is encrypted at rest with a key of the server; `null` where the server does not say. */
  encryption: ObjectAttributes['encryption'];
  /** `null` where it is STANDARD, or where the server does not say. */
  storageClass: string | null;
  /** By header name without `x-amz-checksum-`; empty where the server keeps or tells none. */
  checksums: Record<string, string>;
}

export interface OpenObject {
  head: ObjectHead;
  /** The bytes asked for, as Buffers. */
  body: Readable;
}

export interface ReadObject {
  head: ObjectHead;
  /** `undefined` where the object has more than `mostBytes`. */
  content: Buffer | undefined;
}

export interface ObjectContent {
  sizeBytes: number;
  /** Of the whole content, in lower-case hex. */
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
  /** What of the request is known, for reports. */
  request?: FailedRequest | undefined;
  /** True where it may go better a moment later. */
  mayPass: boolean;
}

/** A listing that goes on behind a key, as the server gives no token for the rest. */
export interface GoesOnBehind {
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
