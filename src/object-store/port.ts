import type { BucketDocumentKind } from './bucket-documents.js';
import type {
  Bucket,
  BucketDocument,
  ListedObject,
  ListPage,
  MultipartUpload,
  ObjectAttributes,
  ObjectContent,
  ObjectHead,
  ObjectLock,
  OpenObject,
  ReadObject,
  StoredObject,
  Tag,
  UndeletedObject,
  UploadedPart,
} from './objects.js';

export type * from './objects.js';

/**
 * The port to an S3 server. Every implementation passes the suite in test/contract against a real
 * server.
 *
 * Text (keys, header values, tag values) is Unicode. Header bytes that are not valid UTF-8 are kept
 * as lone surrogates (see header-text.ts), so that they survive byte for byte.
 *
 * All methods reject with a MangamotionError whose `request` names the operation, the status and
 * the code of the answer:
 *  - `unreachable` if the server does not answer, cuts the connection, answers with a transient
 *    status (500, 503, 429, ...), or with something that is not an S3 answer. The last case
 *    concerns only this request (see `isUnexpectedAnswer`);
 *  - `access_denied` if the server refuses the credentials or the action; the message names the
 *    missing right;
 *  - `not_found` if the bucket, the object or the requested range does not exist;
 *  - `refused` if the server rejects the request itself: an invalid key, header or bucket name, a
 *    bucket that is not empty, a quota, an operation that it does not implement (the S3 code is the
 *    cause's `code`), an object that cannot be read in its state (see `whyUnreadable`). Also if an
 *    answer exceeds `ANSWER_LIMITS` (`isUnexpectedAnswer` is then true as well);
 *  - the signal's reason once the signal is aborted.
 */
export interface ObjectStore extends MultipartUploads {
  /** `http://host:port`, for messages. It holds no secret. */
  readonly endpoint: string;

  /** Lists the buckets that the credentials can see, sorted by name in byte order. */
  listBuckets(options?: RequestOptions): Promise<Bucket[]>;

  bucketExists(bucket: string, options?: RequestOptions): Promise<boolean>;

  /**
   * Resolves to the bucket's region; `null` if the server names none, denies access or gives an
   * unexpected answer. Rejects only if the bucket is gone or the server cannot be reached.
   */
  bucketRegion(bucket: string, options?: RequestOptions): Promise<string | null>;

  /** Creates the bucket. One that we already own is left unchanged, with or without object lock. */
  createBucket(bucket: string, options?: CreateBucketOptions): Promise<void>;

  /** Deletes the bucket, which must be empty. */
  deleteBucket(bucket: string, options?: RequestOptions): Promise<void>;

  /**
   * Reads a document of the bucket's configuration, byte for byte. Rejects if the answer does not
   * show whether it exists, such as for a missing bucket or a missing right.
   */
  readBucketDocument(
    bucket: string,
    kind: BucketDocumentKind,
    options?: RequestOptions,
  ): Promise<BucketDocument>;

  /**
   * Replaces a document of the bucket's configuration. Rejects with `refused` if the server does
   * not support the kind (nothing is written then) or rejects the content, for example because it
   * names a missing target.
   */
  writeBucketDocument(
    bucket: string,
    kind: BucketDocumentKind,
    content: Uint8Array,
    options?: RequestOptions,
  ): Promise<void>;

  /**
   * Lists one page. A token can be used again, so a failed page can be retried without gaps or
   * repetitions. Rejects (see `isUnexpectedAnswer`) if the page holds keys without the prefix, or
   * objects with missing fields.
   */
  listPage(bucket: string, options?: ListPageOptions): Promise<ListPage>;

  /**
   * Lists the current version of every object whose key begins with `prefix`, in pages of at most
   * 1,000, in the server's order (in S3 the UTF-8 byte order of the keys). Rejects (see
   * `isUnexpectedAnswer`) if the listing runs in circles.
   */
  listObjects(bucket: string, options?: ListOptions): AsyncIterable<ListedObject[]>;

  /**
   * Rejects (see `isUnexpectedAnswer`) if the server reports no size and `expectedBytes` is absent.
   */
  headObject(bucket: string, key: string, options?: HeadOptions): Promise<ObjectHead>;

  /**
   * Opens an object for reading. Headers and body come from the same response. The body fails with
   * `unreachable` if the connection breaks; it never ends early without an error. The caller reads
   * it to the end or destroys it.
   */
  getObject(bucket: string, key: string, options?: GetOptions): Promise<OpenObject>;

  /**
   * Reads an object of at most `maxBytes` into memory; of a larger one, only the head. Head and
   * content come from the same response, and the content has the length that the head states.
   */
  readObject(bucket: string, key: string, options: ReadOptions): Promise<ReadObject>;

  /**
   * Writes an object of at most 5 GiB in one request. Readers see the old bytes or the new ones,
   * never a mixture. Rejects with `damaged`, and commits nothing, if the body does not match the
   * announced SHA-256 or length.
   *
   * With `ifAbsent` it rejects with `refused` (code `PreconditionFailed` in the cause; see
   * `isObjectInTheWay`) if the object exists: of several concurrent writers, exactly one succeeds.
   */
  putObject(
    bucket: string,
    key: string,
    content: ObjectContent,
    options?: PutOptions,
  ): Promise<StoredObject>;

  /** Deletes the object. An object that does not exist is not an error. */
  deleteObject(bucket: string, key: string, options?: RequestOptions): Promise<void>;

  /**
   * Deletes at most 1,000 objects in one request, and resolves to those that could not be deleted.
   * An object that does not exist is not an error. Rejects if the request as a whole fails.
   */
  deleteObjects(
    bucket: string,
    keys: string[],
    options?: RequestOptions,
  ): Promise<UndeletedObject[]>;

  /** Resolves to all versions and delete markers of the keys that begin with `prefix`. */
  listVersions(bucket: string, prefix: string, options?: RequestOptions): Promise<ObjectVersion[]>;

  /** Deletes one version for good. A version that does not exist is not an error. */
  deleteVersion(bucket: string, version: ObjectVersion, options?: RequestOptions): Promise<void>;

  /** Resolves to the object's tags in the server's order. */
  getObjectTags(bucket: string, key: string, options?: RequestOptions): Promise<Tag[]>;

  /**
   * Reads the object's retention and legal hold by separate requests. HEAD returns the same, but on
   * AWS only to those who have the rights to these requests.
   */
  getObjectLock(bucket: string, key: string, options?: RequestOptions): Promise<ObjectLock>;

  /** Reads the object's access control list, byte for byte. */
  getObjectAcl(bucket: string, key: string, options?: RequestOptions): Promise<string>;

  putObjectAcl(bucket: string, key: string, acl: string, options?: RequestOptions): Promise<void>;

  close(): void;
}

export interface ObjectVersion {
  key: string;
  /** `null` (the word) for what was written while the bucket had no versioning. */
  versionId: string;
  /** 0 of a delete marker. */
  sizeBytes: number;
  isDeleteMarker: boolean;
  /** It is the current version; false if the server does not say. */
  isLatest: boolean;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** The maximum number of attempts of a retrying store (`withRetries`). */
  attempts?: number | undefined;
  /**
   * Not held up by a limit of the rate, for little data that must not be late. Only `putObject`,
   * `listPage`, `listObjects` and `readObject` heed it.
   */
  urgent?: boolean | undefined;
}

export interface CreateBucketOptions extends RequestOptions {
  /** Enables object lock, and with it versioning. It cannot be enabled later. */
  objectLock?: boolean | undefined;
}

export interface ListOptions extends RequestOptions {
  prefix?: string | undefined;
  /**
   * List only keys after this one, in UTF-8 byte order. Some servers include the key itself, or
   * ignore the parameter: `listObjects` filters such objects out, `listPage` does not.
   */
  startAfter?: string | undefined;
}

export interface ListPageOptions extends ListOptions {
  /** The `nextToken` of the page before. If present, `startAfter` is not sent. */
  token?: string | undefined;
  /** The maximum number of objects in the page; the default and the limit are 1,000. */
  maxKeys?: number | undefined;
}

export interface HeadOptions extends RequestOptions {
  /** The size in the listing, for a server without Content-Length. Another length is `damaged`. */
  expectedBytes?: number | undefined;
}

export interface GetOptions extends HeadOptions {
  /** Byte `start` up to, but not including, `end`; to the end of the object if `end` is absent. */
  range?: { start: number; end?: number } | undefined;
  /** Reject with `not_found` (code `PreconditionFailed` in the cause) if the ETag differs. */
  ifMatch?: string | undefined;
}

export interface ReadOptions extends HeadOptions {
  maxBytes: number;
  /** Allocates the memory for the content. It is called once for each attempt. */
  allocate?: ((sizeBytes: number) => Buffer) | undefined;
}

export interface UploadOptions extends RequestOptions {
  /** A lock is refused if the bucket was created without object lock. */
  attributes?: Partial<ObjectAttributes & ObjectLock> | undefined;
}

export interface PutOptions extends UploadOptions {
  ifAbsent?: boolean | undefined;
}

/**
 * Multipart uploads, for objects that are too large for one request or whose length is not known in
 * advance. The object is invisible until `completeMultipartUpload`; its parts take space until the
 * upload is completed or aborted.
 */
export interface MultipartUploads {
  /**
   * Begins an upload and resolves to its id. Ceph forgets tags and locks given here, so the store
   * remembers them and sets them right after the upload is completed. An upload completed through
   * another store loses them.
   *
   * If the answer is lost and the request is repeated, the first upload stays behind.
   * `listMultipartUploads` shows it.
   */
  createMultipartUpload(bucket: string, key: string, options?: UploadOptions): Promise<string>;

  /**
   * Uploads part 1 to 10,000 and resolves to its ETag. A part with the same number is replaced. All
   * parts but the last have at least 5 MiB. Rejects like `putObject`, and with `not_found` (code
   * `NoSuchUpload` in the cause) if the upload has ended.
   */
  uploadPart(
    bucket: string,
    key: string,
    uploadId: string,
    partNumber: number,
    content: ObjectContent,
    options?: RequestOptions,
  ): Promise<string>;

  /**
   * Creates the object from all uploaded parts, in the order of their numbers (Ceph refuses to
   * leave one out).
   *
   * If the upload has already ended because an earlier answer was lost, it counts as completed if
   * the object's ETag is the one that S3 computes from these parts. If the parts' ETags are not
   * MD5s (SSE-KMS, SSE-C), or the object has been replaced since, it rejects with `not_found` (code
   * `NoSuchUpload` in the cause). Rejects with `refused` if a part is missing or too small.
   */
  completeMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    parts: UploadedPart[],
    options?: RequestOptions,
  ): Promise<StoredObject>;

  /** Aborts the upload and discards its parts. An upload that has already ended is not an error. */
  abortMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    options?: RequestOptions,
  ): Promise<void>;

  /**
   * Lists the unfinished uploads of keys that begin with `prefix`, sorted by key in byte order,
   * then by time. MinIO lists uploads begun before its last start only if their key equals the
   * prefix; it removes unfinished uploads after a day.
   */
  listMultipartUploads(
    bucket: string,
    prefix: string,
    options?: ListUploadsOptions,
  ): Promise<MultipartUpload[]>;
}

export interface ListUploadsOptions extends RequestOptions {
  /** The maximum number of uploads in one answer; 1,000 by default. */
  maxPerPage?: number | undefined;
}
