import type { Readable } from 'node:stream';
import type { FailedRequest } from '../errors.js';
import type { KeptHeader } from './kept-headers.js';

/** The types of what a store holds: buckets, objects with their attributes, multipart uploads. */

export interface Tag {
  key: string;
  value: string;
}

export interface ObjectAttributes {
  headers: Partial<Record<KeptHeader, string>>;
  /** User metadata by name in lower case, without `x-amz-meta-`. */
  metadata: Record<string, string>;
  tags: Tag[];
  /** Server-side encryption; `null` leaves it to the bucket's default. */
  encryption: Encryption | null;
  /** `null` means STANDARD. */
  storageClass: string | null;
  /** Checksums for the server to verify and store, by header name without `x-amz-checksum-`. */
  checksums: Record<string, string>;
}

/** Server-side encryption with a key of the server: SSE-S3 (`AES256`) or SSE-KMS (`aws:kms`). */
export interface Encryption {
  algorithm: string;
  /** The id of the KMS key; `null` means the server's default key. */
  keyId: string | null;
  /** Whether S3 Bucket Keys are used. */
  bucketKey: boolean;
}

/** Object Lock retention: no version may be deleted or replaced before `until`. */
export interface Retention {
  /** GOVERNANCE can be bypassed with a special right, COMPLIANCE by nobody. */
  mode: 'GOVERNANCE' | 'COMPLIANCE';
  /** RFC 3339 in UTC, to the millisecond. */
  until: string;
}

export interface ObjectLock {
  retention: Retention | null;
  /** A legal hold is a retention without an end date; it lasts until it is removed. */
  legalHold: boolean;
}

export interface Bucket {
  name: string;
  /** RFC 3339, as the server returns it; `null` if it returns none. */
  createdAt: string | null;
}

export type BucketDocument =
  | { state: 'captured'; content: Buffer }
  /** The bucket has no such document, or an empty one. */
  | { state: 'none' }
  | { state: 'unsupported'; reason: string };

export interface ListedObject {
  key: string;
  sizeBytes: number;
  /** The ETag without its quotes. */
  etag: string;
  /** RFC 3339 in UTC, with the precision of the server. */
  lastModified: string;
  /** Present if the server reports a class other than STANDARD. */
  storageClass?: string | null;
}

export interface ListPage {
  objects: ListedObject[];
  /** The token of the next page; `null` on the last page, or if `continueAfter` is present. */
  nextToken: string | null;
  /**
   * Present if the server returns no token and does not say that the page is the last one. The
   * listing then continues with this key as `startAfter`.
   */
  continueAfter?: ContinueAfter | undefined;
}

export interface ObjectHead extends ObjectLock {
  /** The size of the whole object, even if only a range was requested. */
  sizeBytes: number;
  etag: string;
  /** RFC 3339 in UTC, to the second; `''` if the server does not say. */
  lastModified: string;
  versionId: string | null;
  headers: ObjectAttributes['headers'];
  metadata: ObjectAttributes['metadata'];
  /**
   * The number of user metadata entries that the server left out because no header can carry them.
   */
  missingMetadata: number;
  /** `null` if the server does not say: the object may or may not have tags. */
  tagCount: number | null;
  /** False if the answer shows that the ETag is not an MD5 (multipart, SSE-KMS, SSE-C). */
  etagIsMd5: boolean;
  /** Server-side encryption at rest; `null` if the server does not say. */
  encryption: ObjectAttributes['encryption'];
  /** `null` if it is STANDARD, or if the server does not say. */
  storageClass: string | null;
  /** Checksums by header name without `x-amz-checksum-`; empty if the server returns none. */
  checksums: Record<string, string>;
}

export interface OpenObject {
  head: ObjectHead;
  body: Readable;
}

export interface ReadObject {
  head: ObjectHead;
  /** `undefined` if the object is larger than `maxBytes`. */
  content: Buffer | undefined;
  /** Those of the content, where a reader thread has computed them. */
  digests?: Digests;
  /** Gives the memory of the content back to its reader thread. It may be called again. */
  release?: () => void;
}

/** Lower-case hex. */
export interface Digests {
  sha256: string;
  md5: string;
}

export interface ObjectContent {
  sizeBytes: number;
  /** The SHA-256 of the whole content, in lower-case hex. */
  sha256: string;
  /** The MD5 in base64, to be sent with it: AWS wants it with each part of a locked object. */
  md5?: string;
  /** Opens the content from its start. It is called once for each attempt. */
  open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface StoredObject {
  etag: string;
  versionId: string | null;
}

export interface UndeletedObject {
  key: string;
  /** The S3 error code and the server's message. */
  reason: string;
  /** The failed request, for reports. */
  request?: FailedRequest | undefined;
  mayPass: boolean;
}

/** The place at which a listing continues if the server returns no continuation token. */
export interface ContinueAfter {
  key: string;
  /** True if the server says that the listing continues; otherwise the page may be the last. */
  isCertain: boolean;
}

export interface UploadedPart {
  partNumber: number;
  etag: string;
}

/** A part of an unfinished upload, as the server lists it. */
export interface ListedPart extends UploadedPart {
  sizeBytes: number;
}

/** An object of the same server that is copied without passing through this host. */
export interface CopySource {
  bucket: string;
  key: string;
  /** The copy is refused if the object has another ETag; Ceph does not look. */
  etag: string;
}

export interface MultipartUpload {
  key: string;
  uploadId: string;
  /** RFC 3339, as the server returns it. */
  initiatedAt: string;
}

/** The place in a list of versions at which the next page begins. */
export interface VersionPlace {
  key: string;
  versionId: string;
}

/** A page of versions and delete markers: by key, and for each key the newest first. */
export interface VersionPage {
  versions: ObjectVersion[];
  /** `undefined` on the last page. */
  next: VersionPlace | undefined;
}

export interface ObjectVersion {
  key: string;
  /** `null` (the word) for what was written while the bucket had no versioning. */
  versionId: string;
  /** 0 of a delete marker. */
  sizeBytes: number;
  /** The ETag without its quotes; empty of a delete marker. */
  etag: string;
  /** RFC 3339 in UTC, with the precision of the server; empty if the server does not say. */
  lastModified: string;
  /** Present if the server reports a class other than STANDARD. */
  storageClass?: string;
  isDeleteMarker: boolean;
  /** It is the current version; false if the server does not say. */
  isLatest: boolean;
}
