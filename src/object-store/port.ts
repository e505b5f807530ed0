import type { BucketDocumentKind } from './bucket-documents.js';
import type { MultipartUploads } from './multipart-uploads.js';
import type {
  Bucket,
  BucketDocument,
  CopySource,
  ListedObject,
  ListPage,
  ObjectContent,
  ObjectHead,
  ObjectLock,
  ObjectVersion,
  OpenObject,
  ReadObject,
  Retention,
  StoredObject,
  Tag,
  UndeletedObject,
  VersionPage,
} from './objects.js';
import type {
  BypassOptions,
  CreateBucketOptions,
  GetOptions,
  HeadOptions,
  ListOptions,
  ListPageOptions,
  PutOptions,
  ReadOptions,
  RequestOptions,
  RetentionOptions,
  VersionOptions,
  VersionPageOptions,
} from './options.js';

export type * from './multipart-uploads.js';
export type * from './objects.js';
export type * from './options.js';

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

  /** The number of threads that read whole objects; absent or 0: the main thread does. */
  readonly readers?: number;

  /**
   * By how many ms the server's clock was ahead of this one when it last answered. It tells its time to
   * the second. `undefined` before the first answer, and where it has told no time. Absent: not known.
   */
  clockAheadMs?(): number | undefined;

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
   * Rejects (see `isUnexpectedAnswer`) if the server reports no size and `expectedBytes` is absent. This
   * and the next two reject so, too, if the answer is about another version than the one in `versionId`.
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

  /**
   * Copies an object of at most 5 GiB within the server (CopyObject). The server's answer proves
   * little: the caller compares size and ETag. Rejects (see `isUnexpectedAnswer`) if the answer shows
   * no copy. A server that does not know the request may then have written an empty object.
   */
  copyObject(
    source: CopySource,
    bucket: string,
    key: string,
    options?: RequestOptions,
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

  /**
   * Lists one page of the versions and delete markers of the keys that begin with `prefix`: at most
   * 1,000. A page can be requested again.
   */
  listVersionPage(bucket: string, options?: VersionPageOptions): Promise<VersionPage>;

  /** Resolves to all versions and delete markers of the keys that begin with `prefix`. */
  listVersions(bucket: string, prefix: string, options?: RequestOptions): Promise<ObjectVersion[]>;

  /** Deletes one version for good. A version that does not exist is not an error. */
  deleteVersion(
    bucket: string,
    version: Pick<ObjectVersion, 'key' | 'versionId'>,
    options?: BypassOptions,
  ): Promise<void>;

  /**
   * Does the same by the request that deletes many (DeleteObjects), in which some servers do not look at
   * locks. Rejects (see `isUnexpectedAnswer`) if the answer does not name the key.
   */
  deleteVersionInBulk(
    bucket: string,
    version: Pick<ObjectVersion, 'key' | 'versionId'>,
    options?: BypassOptions,
  ): Promise<void>;

  /** Resolves to the object's tags in the server's order. */
  getObjectTags(bucket: string, key: string, options?: RequestOptions): Promise<Tag[]>;

  /**
   * Reads the object's retention and legal hold by separate requests. HEAD returns the same, but on
   * AWS only to those who have the rights to these requests.
   */
  getObjectLock(bucket: string, key: string, options?: RequestOptions): Promise<ObjectLock>;

  /**
   * Reads the retention of a version; `null` only if the server says that it has none. Rejects with
   * `refused` if the bucket has no object lock, and (see `isUnexpectedAnswer`) if the answer does not
   * say whether the version is locked, and until when.
   */
  getRetention(bucket: string, key: string, options?: VersionOptions): Promise<Retention | null>;

  /**
   * Sets the retention of a version; `null` removes it. Rejects with `access_denied` or `refused` if that
   * would shorten the retention, or weaken its mode.
   */
  putRetention(
    bucket: string,
    key: string,
    retention: Retention | null,
    options?: RetentionOptions,
  ): Promise<void>;

  /** Reads the object's access control list, byte for byte. */
  getObjectAcl(bucket: string, key: string, options?: RequestOptions): Promise<string>;

  putObjectAcl(bucket: string, key: string, acl: string, options?: RequestOptions): Promise<void>;

  close(): void;
}
