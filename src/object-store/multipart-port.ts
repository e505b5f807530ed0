import type { ObjectContent, UploadOptions, RequestOptions, StoredObject } from './port.js';

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
   * Makes the object of the parts, in the order of their numbers. An upload that is over counts as
   * completed when the object is the one that these parts make: a server whose answer was lost has
   * no upload any more. That is told by the ETag, which S3 makes of those of the parts; where they
   * are no MD5s (SSE-KMS, SSE-C), and where the object was replaced since, it rejects with
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

  /** Gives the upload up, with what was uploaded; one that is over is no error. */
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
  /** At most so many in one answer of the server; 1,000 where absent. */
  maxPerPage?: number | undefined;
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
