import type { ObjectAttributes, ObjectLock, VersionPlace } from './objects.js';

/** The options of the methods of the port. */

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

/** Names a version of an object; the current one if it is absent. */
export interface VersionOptions extends RequestOptions {
  versionId?: string | undefined;
}

/** A lock in the mode GOVERNANCE gives way to keys that have the right to bypass it. */
export interface BypassOptions extends RequestOptions {
  bypassGovernance?: boolean | undefined;
}

export interface RetentionOptions extends VersionOptions, BypassOptions {}

export interface HeadOptions extends VersionOptions {
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
  /** Allocates the memory for the content. It is called at most once for each attempt. */
  allocate?: ((sizeBytes: number) => Buffer) | undefined;
  /** The content may be lent by a reader thread: the caller calls `release` when it has used it. */
  mayLend?: boolean | undefined;
}

export interface VersionPageOptions extends RequestOptions {
  prefix?: string | undefined;
  /** The `next` of the page before. */
  after?: VersionPlace | undefined;
}

export interface UploadOptions extends RequestOptions {
  /** A lock is refused if the bucket was created without object lock. */
  attributes?: Partial<ObjectAttributes & ObjectLock> | undefined;
}

export interface PutOptions extends UploadOptions {
  ifAbsent?: boolean | undefined;
}

export interface ListUploadsOptions extends RequestOptions {
  /** The maximum number of uploads in one answer; 1,000 by default. */
  maxPerPage?: number | undefined;
}
