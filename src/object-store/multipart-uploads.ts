import type {
  CopySource,
  ListedPart,
  MultipartUpload,
  ObjectContent,
  StoredObject,
  UploadedPart,
} from './objects.js';
import type { ListUploadsOptions, RequestOptions, UploadOptions } from './options.js';

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
   * Copies a range of an object into a part (UploadPartCopy), and resolves to the part's ETag. Byte
   * `start` up to, but not including, `end`. Rejects as `copyObject`.
   */
  copyPart(
    upload: { bucket: string; key: string; uploadId: string; partNumber: number },
    source: CopySource,
    range: { start: number; end: number },
    options?: RequestOptions,
  ): Promise<string>;

  /**
   * Lists the parts of an unfinished upload, sorted by number. Rejects with `not_found` (code
   * `NoSuchUpload` in the cause) if the upload has ended.
   */
  listParts(
    bucket: string,
    key: string,
    uploadId: string,
    options?: RequestOptions,
  ): Promise<ListedPart[]>;

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
