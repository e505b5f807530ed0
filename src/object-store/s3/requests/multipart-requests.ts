import { isMangamotionError } from '../../../errors.js';
import type { ObjectAttributes, ObjectLock } from '../../objects.js';
import type {
  CopySource,
  ListedPart,
  ListUploadsOptions,
  MultipartUploads,
  ObjectContent,
  RequestOptions,
  StoredObject,
  UploadedPart,
  UploadOptions,
} from '../../port.js';
import { repeatedToken, s3CodeOf, S3ResponseError } from '../../store-errors.js';
import { bodyOf, md5Header } from '../request-body.js';
import type { S3Request } from '../s3-client.js';
import type { S3Requests } from '../s3-requests.js';
import { tagsDocument } from '../wire/bucket-xml.js';
import { percentEncode } from '../wire/percent-encoding.js';
import {
  completionDocument,
  multipartEtag,
  parseCompletion,
  type PartsPage,
  parsePartsPage,
  parseUploadId,
} from '../wire/multipart-xml.js';
import { attributeHeaders } from '../wire/object-headers.js';
import { legalHoldDocument, retentionDocument } from '../wire/object-lock.js';
import { listMultipartUploads } from './multipart-listing.js';
import { copyRequest, copyResult } from './copy-requests.js';
import { headObject } from './object-requests.js';
import { sendContent, storedObject } from './upload-requests.js';

export class S3MultipartUploads implements MultipartUploads {
  readonly #requests: S3Requests;
  /** The attributes of each unfinished upload, by its id. */
  readonly #attributes = new Map<string, ForgettableAttributes>();

  constructor(requests: S3Requests) {
    this.#requests = requests;
  }

  async createMultipartUpload(bucket: string, key: string, options: UploadOptions = {}) {
    const { attributes = {}, signal } = options;
    const headers = attributeHeaders(attributes);
    const uploadId = await this.#requests.document(
      { method: 'POST', bucket, key, query: 'uploads', headers, body: bodyOf(''), signal },
      parseUploadId,
      'InitiateMultipartUploadResult',
    );
    this.#attributes.set(uploadId, attributes);
    return uploadId;
  }

  async uploadPart(
    bucket: string,
    key: string,
    uploadId: string,
    partNumber: number,
    content: ObjectContent,
    { signal }: RequestOptions = {},
  ) {
    const query = `partNumber=${partNumber}&${queryOf(uploadId)}`;
    const request = { method: 'PUT', bucket, key, query, signal } as const;
    const { etag } = await sendContent(this.#requests, request, content);
    return etag;
  }

  async completeMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    parts: UploadedPart[],
    { signal }: RequestOptions = {},
  ) {
    const stored = await this.#complete(bucket, key, uploadId, parts, signal);
    const attributes = this.#attributes.get(uploadId) ?? {};
    await restoreForgotten(this.#requests, { bucket, key, ...stored }, attributes, { signal });
    this.#attributes.delete(uploadId);
    return stored;
  }

  async abortMultipartUpload(
    bucket: string,
    key: string,
    uploadId: string,
    { signal }: RequestOptions = {},
  ) {
    try {
      const query = queryOf(uploadId);
      await this.#requests.omit({ method: 'DELETE', bucket, key, query, signal });
    } catch (error) {
      if (s3CodeOf(error) !== 'NoSuchUpload') throw error;
    }
    this.#attributes.delete(uploadId);
  }

  async copyPart(
    upload: { bucket: string; key: string; uploadId: string; partNumber: number },
    source: CopySource,
    { start, end }: { start: number; end: number },
    { signal }: RequestOptions = {},
  ) {
    const { bucket, key, uploadId, partNumber } = upload;
    const query = `partNumber=${partNumber}&${queryOf(uploadId)}`;
    const request = copyRequest(source, { bucket, key, query, signal });
    const headers = { ...request.headers, 'x-amz-copy-source-range': `bytes=${start}-${end - 1}` };
    const { etag } = await copyResult(this.#requests, { ...request, headers }, 'CopyPartResult');
    return etag;
  }

  async listParts(
    bucket: string,
    key: string,
    uploadId: string,
    { signal }: RequestOptions = {},
  ): Promise<ListedPart[]> {
    const request = { method: 'GET', bucket, key, query: queryOf(uploadId), signal } as const;
    const parts: ListedPart[] = [];
    for (let after: number | null = 0; after !== null;) {
      const query = `max-parts=1000&part-number-marker=${after}&${request.query}`;
      const page = await this.#partsPage({ ...request, query });
      parts.push(...page.parts);
      if (page.nextMarker !== null && page.nextMarker <= after) {
        throw repeatedToken(String(after), this.#requests.context(request));
      }
      after = page.nextMarker;
    }
    return parts.sort((a, b) => a.partNumber - b.partNumber);
  }

  async #partsPage(request: S3Request): Promise<PartsPage> {
    try {
      return await this.#requests.document(request, parsePartsPage, 'ListPartsResult');
    } catch (error) {
      // Ceph says NoSuchKey.
      if (s3CodeOf(error) !== 'NoSuchKey') throw error;
      const refusal = new S3ResponseError('NoSuchUpload', 404, 'there is no such upload');
      throw this.#requests.failure(refusal, request);
    }
  }

  listMultipartUploads(bucket: string, prefix: string, options: ListUploadsOptions = {}) {
    return listMultipartUploads(this.#requests, bucket, prefix, options);
  }

  async #complete(
    bucket: string,
    key: string,
    uploadId: string,
    parts: UploadedPart[],
    signal: AbortSignal | undefined,
  ): Promise<StoredObject> {
    const query = queryOf(uploadId);
    const headers = { 'content-type': 'application/xml' };
    const body = bodyOf(completionDocument(parts));
    try {
      return await this.#requests.document(
        { method: 'POST', bucket, key, query, headers, body, signal },
        (xml, answered) => {
          const etag = parseCompletion(xml);
          // Ceph's first answer has an empty ETag.
          const made = etag === '' ? (multipartEtag(parts) ?? '') : etag;
          return made === null ? null : { ...storedObject(answered), etag: made };
        },
        'CompleteMultipartUploadResult',
      );
    } catch (error) {
      const gone = await this.#uploadIsGone(bucket, key, uploadId, error, signal);
      if (gone === undefined) throw error;
      const made = await this.#findCompleted(bucket, key, parts, signal);
      if (made === undefined) throw gone;
      return made;
    }
  }

  /**
   * Resolves to the error if a completion failed because the upload does not exist. Ceph reports an
   * internal error for that, so the parts of the upload are requested; Ceph then answers NoSuchKey.
   */
  async #uploadIsGone(
    bucket: string,
    key: string,
    uploadId: string,
    error: unknown,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (s3CodeOf(error) === 'NoSuchUpload') return error;
    if (s3CodeOf(error) !== 'InternalError') return undefined;
    const query = `max-parts=1&${queryOf(uploadId)}`;
    const request = { method: 'GET', bucket, key, query, signal } as const;
    try {
      await this.#requests.document(request, parsePartsPage, 'ListPartsResult');
      return undefined;
    } catch (failure) {
      if (!['NoSuchUpload', 'NoSuchKey'].includes(s3CodeOf(failure))) return undefined;
      const refusal = new S3ResponseError('NoSuchUpload', 404, 'there is no such upload');
      return this.#requests.failure(refusal, request);
    }
  }

  /** Resolves to the object that an earlier completion created, whose answer was lost. */
  async #findCompleted(
    bucket: string,
    key: string,
    parts: UploadedPart[],
    signal: AbortSignal | undefined,
  ): Promise<StoredObject | undefined> {
    const expected = multipartEtag(parts);
    if (expected === null) return undefined;
    try {
      const { etag, versionId } = await headObject(this.#requests, bucket, key, { signal });
      return etag === expected ? { etag, versionId } : undefined;
    } catch (error) {
      if (isMangamotionError(error, 'not_found')) return undefined;
      throw error;
    }
  }
}

function queryOf(uploadId: string): string {
  return `uploadId=${percentEncode(uploadId)}`;
}

/** Attributes that Ceph accepts when the upload is created, and forgets when it is completed. */
type ForgettableAttributes = Partial<Pick<ObjectAttributes, 'tags'> & ObjectLock>;

/** Sets the attributes that the object lacks. A server that keeps them gets only a HEAD. */
async function restoreForgotten(
  requests: S3Requests,
  { bucket, key, etag, versionId }: StoredObject & { bucket: string; key: string },
  { tags = [], retention = null, legalHold = false }: ForgettableAttributes,
  { signal }: RequestOptions,
): Promise<void> {
  if (tags.length === 0 && retention === null && !legalHold) return;
  const head = await headObject(requests, bucket, key, { signal });
  // Somebody has replaced the object, so its attributes are not ours to change.
  if (head.etag !== etag) return;
  const set = (subresource: string, document: string): Promise<void> => {
    const version = versionId === null ? '' : `&versionId=${percentEncode(versionId)}`;
    const query = subresource + version;
    const headers = { 'content-type': 'application/xml', ...md5Header(document) };
    const body = bodyOf(document);
    return requests.omit({ method: 'PUT', bucket, key, query, headers, body, signal });
  };
  if (head.tagCount !== tags.length) await set('tagging', tagsDocument(tags));
  if (retention !== null && head.retention === null) {
    await set('retention', retentionDocument(retention));
  }
  if (legalHold && !head.legalHold) await set('legal-hold', legalHoldDocument());
}
