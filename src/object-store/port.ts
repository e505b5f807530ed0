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
 * An S3 server, as the toolkit needs it. Every implementation passes the suite in test/contract
 * against a real server.
 *
 * Text (keys, header values, tag values) is Unicode. Header bytes that are not valid UTF-8 are kept
 * as lone surrogates (see header-text.ts), so that they come back byte for byte.
 *
 * All methods reject with a MangamotionError whose `request` names the operation, the status and
 * the code of the answer:
 *  - `unreachable` when the server does not answer, cuts the connection, answers with a status that
 *    may pass (500, 503, 429, ...), or with something that is no answer of S3: the latter concerns
 *    the request alone (see `isUnexpectedAnswer`);
 *  - `access_denied` when it refuses the credentials or the action; the message names the right;
 *  - `not_found` when the bucket or object does not exist, or not the range asked for;
 *  - `refused` when it does not take the request as such: a key or header it does not allow, a bucket
 *    that is not empty, a quota, something it does not implement (the S3 code is the cause's `code`),
 *    a name that is none of a bucket, an answer over the limits of `ANSWER_LIMITS` (`isUnexpectedAnswer`
 *    too), an object that cannot be read as it is (see `whyUnreadable`);
 *  - the signal's reason when the signal is aborted.
 */
export interface ObjectStore extends MultipartUploads {
  /** Where the store is, for messages: `http://host:port`. Never holds a secret. */
  readonly endpoint: string;

  /** All buckets that the credentials can see, sorted by name in byte order. */
  listBuckets(options?: RequestOptions): Promise<Bucket[]>;

  bucketExists(bucket: string, options?: RequestOptions): Promise<boolean>;

  /**
   * The bucket's region as the server names it; `null` where it names none, refuses to tell, or
   * answers with anything else. Rejects only where the bucket is gone, or the server out of reach.
   */
  bucketRegion(bucket: string, options?: RequestOptions): Promise<string | null>;

  /** Creates the bucket; one that is already ours is left as it is, object lock or not. */
  createBucket(bucket: string, options?: CreateBucketOptions): Promise<void>;

  /** Deletes an empty bucket. */
  deleteBucket(bucket: string, options?: RequestOptions): Promise<void>;

  /**
   * One of the documents that a bucket is configured with, exactly as the server returns it. Rejects
   * where the server does not say: the bucket is missing, the credentials may not read the document.
   */
  readBucketDocument(
    bucket: string,
    kind: BucketDocumentKind,
    options?: RequestOptions,
  ): Promise<BucketDocument>;

  /**
   * Puts a document back as it is, in place of the one that is there. Rejects with `refused` where
   * the server does not know such documents, or does not take this one: it names a target that is
   * not there, say. Of a server that knows none, nothing is changed.
   */
  writeBucketDocument(
    bucket: string,
    kind: BucketDocumentKind,
    content: Uint8Array,
    options?: RequestOptions,
  ): Promise<void>;

  /**
   * One page of `listObjects`, from `token` (the `nextToken` of the page before) on. A token can be
   * used again, so a page that failed is asked for once more without a gap or a repetition. Rejects
   * (see `isUnexpectedAnswer`) where the page holds keys without the prefix, or objects without
   * their fields.
   */
  listPage(bucket: string, options?: ListPageOptions): Promise<ListPage>;

  /**
   * The current version of every object whose key begins with `prefix`, a page (at most 1,000) at a
   * time, in the order in which the server lists them (S3: the byte order of the keys' UTF-8).
   * Rejects (see `isUnexpectedAnswer`) where the listing goes in circles.
   */
  listObjects(bucket: string, options?: ListOptions): AsyncIterable<ListedObject[]>;

  /** Rejects (see `isUnexpectedAnswer`) where the server says no size and none is expected. */
  headObject(bucket: string, key: string, options?: HeadOptions): Promise<ObjectHead>;

  /**
   * Opens an object for reading. Headers and body are those of one response, so they belong
   * together. The body errors (`unreachable`) when the connection breaks before its end: it never
   * ends early without an error. Whoever opens it reads it to the end or destroys it.
   */
  getObject(bucket: string, key: string, options?: GetOptions): Promise<OpenObject>;

  /**
   * Reads an object of at most `maxBytes` into memory; of a larger one only the head. Headers and
   * content are those of one response, and the content is as long as they say.
   */
  readObject(bucket: string, key: string, options: ReadOptions): Promise<ReadObject>;

  /**
   * Writes an object in one request of at most 5 GiB. Readers see the old bytes or the new ones,
   * never a mixture. Rejects with `damaged`, and commits nothing, when the body's SHA-256 or length
   * is not the announced one.
   *
   * With `ifAbsent` it rejects with `refused` (code `PreconditionFailed` in the cause; see
   * `isObjectInTheWay`) where there is an object: of many who write at once, one succeeds.
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
   * Deletes at most 1,000 objects in one request, and resolves with those that it could not delete;
   * one that is not there is no failure. Rejects where the request as a whole fails.
   */
  deleteObjects(
    bucket: string,
    keys: string[],
    options?: RequestOptions,
  ): Promise<UndeletedObject[]>;

  /** The object's tags in the order in which the server gives them; empty when it has none. */
  getObjectTags(bucket: string, key: string, options?: RequestOptions): Promise<Tag[]>;

  /**
   * The object's retention and legal hold, as its own documents tell them. The head of an object
   * tells the same, but on AWS only to those who may read these documents.
   */
  getObjectLock(bucket: string, key: string, options?: RequestOptions): Promise<ObjectLock>;

  /** The object's access control list, exactly as the server returns it. */
  getObjectAcl(bucket: string, key: string, options?: RequestOptions): Promise<string>;

  /** Puts an access control list back as it is. */
  putObjectAcl(bucket: string, key: string, acl: string, options?: RequestOptions): Promise<void>;

  /** Closes idle connections. */
  close(): void;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** The most times that a retrying store (`withRetries`) sends the request. */
  attempts?: number | undefined;
}

export interface CreateBucketOptions extends RequestOptions {
  /** Allows objects to be locked, and keeps versions. It cannot be turned on afterwards. */
  objectLock?: boolean | undefined;
}

export interface ListOptions extends RequestOptions {
  prefix?: string | undefined;
  /**
   * Only keys behind this one, in the byte order of their UTF-8. Some servers include it, or ignore
   * it: `listObjects` leaves out what is not behind it, `listPage` shows what came.
   */
  startAfter?: string | undefined;
}

export interface ListPageOptions extends ListOptions {
  /** It says where to go on, so `startAfter` is not sent beside it. */
  token?: string | undefined;
  /** The most objects in the page; 1,000 where absent, and never more. */
  maxKeys?: number | undefined;
}

export interface HeadOptions extends RequestOptions {
  /**
   * The object's size as the listing has it. It stands for a Content-Length that the server does not
   * send; a body of another length then fails as `damaged`.
   */
  expectedBytes?: number | undefined;
}

export interface GetOptions extends HeadOptions {
  /** Bytes `start` up to, not including, `end`; to the object's end where `end` is absent. */
  range?: { start: number; end?: number } | undefined;
  /** Reject with `not_found` (code `PreconditionFailed` in the cause) unless the ETag is this one. */
  ifMatch?: string | undefined;
}

export interface ReadOptions extends HeadOptions {
  maxBytes: number;
  /** Gives the memory that the content is read into, anew for each attempt. */
  allocate?: ((sizeBytes: number) => Buffer) | undefined;
}

export interface UploadOptions extends RequestOptions {
  /** A lock is refused in a bucket that was created without. */
  attributes?: Partial<ObjectAttributes & ObjectLock> | undefined;
}

export interface PutOptions extends UploadOptions {
  /** Only where there is no object of that key. */
  ifAbsent?: boolean | undefined;
}

/**
 * Writing an object in parts, for what is too large for one request or whose length is not known
 * when it begins. Nothing is seen of the object before `completeMultipartUpload`; what was uploaded
 * takes space until the upload is completed or aborted.
 */
export interface MultipartUploads {
  /**
   * Begins an upload, with the attributes that the object is to have. The store keeps them until the
   * upload ends, as Ceph forgets tags and locks: there they are set on the object just after it is
   * made, and an upload completed through another store loses them.
   *
   * Where the answer is lost and the request sent again, the first upload stays behind:
   * `listMultipartUploads` shows it.
   */
  createMultipartUpload(bucket: string, key: string, options?: UploadOptions): Promise<string>;

  /**
   * Uploads a part, 1 up to 10,000, and resolves with its ETag; one of that number that is there is
   * replaced. All parts but the last have at least 5 MiB. Rejects like `putObject`, and with
   * `not_found` (code `NoSuchUpload` in the cause) where the upload is over.
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
   * Makes the object of the parts, in the order of their numbers; all that were uploaded (Ceph
   * refuses to leave one out). An upload that is over counts as
   * completed when the object is the one that these parts make: a server whose answer was lost has
   * no upload any more. The ETag shows it, which S3 computes from those of the parts; where they
   * are not MD5s (SSE-KMS, SSE-C), and where the object was replaced since, it rejects with
   * `not_found` (code `NoSuchUpload` in the cause), and a HEAD must tell. Rejects with `refused`
   * where a part is missing or too small.
   */
  completeMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    parts: UploadedPart[],
    options?: RequestOptions,
  ): Promise<StoredObject>;

  /** Aborts the upload and discards its parts. An upload that has ended is not an error. */
  abortMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    options?: RequestOptions,
  ): Promise<void>;

  /**
   * The uploads that are neither completed nor aborted, of keys that begin with `prefix`; sorted by
   * key in byte order, then by time. MinIO knows those begun since it was started, and of older
   * ones only those whose key is the prefix; it removes them all after a day by itself.
   */
  listMultipartUploads(
    bucket: string,
    prefix: string,
    options?: ListUploadsOptions,
  ): Promise<MultipartUpload[]>;
}

export interface ListUploadsOptions extends RequestOptions {
  /** The most uploads in one answer of the server; 1,000 where absent. */
  maxPerPage?: number | undefined;
}
