import { createHash } from 'node:crypto';
import { plainEtag } from './header-text.js';
import { percentDecode, percentEncode } from './percent-encoding.js';
import type { ListedPart, MultipartUpload, UploadedPart } from '../../port.js';
import { children, escapeXml, parseXml, S3_NAMESPACE, textOf, type XmlTree } from './xml.js';

/** The documents of multipart uploads. Parsers return `null` for any other text. Pure. */

export function parseUploadId(xml: string): string | null {
  const root = parseXml(xml, 'InitiateMultipartUploadResult');
  const uploadId = root === null ? undefined : textOf(root, 'UploadId');
  return uploadId === undefined || uploadId === '' ? null : uploadId;
}

/** Returns the body of CompleteMultipartUpload. S3 requires the parts in ascending order. */
export function completionDocument(parts: UploadedPart[]): string {
  const elements = [...parts]
    .sort((a, b) => a.partNumber - b.partNumber)
    .map(({ partNumber, etag }) => {
      const quoted = escapeXml(`"${etag}"`);
      return `<Part><PartNumber>${partNumber}</PartNumber><ETag>${quoted}</ETag></Part>`;
    });
  return `<CompleteMultipartUpload ${S3_NAMESPACE}>${elements.join('')}</CompleteMultipartUpload>`;
}

export function parseCompletion(xml: string): string | null {
  const root = parseXml(xml, 'CompleteMultipartUploadResult');
  return root === null ? null : plainEtag(textOf(root, 'ETag') ?? '');
}

/**
 * Returns the ETag that S3, Ceph and MinIO give to an object made of these parts: the MD5 of the
 * parts' MD5s, and their number. Returns `null` if a part's ETag is not an MD5.
 */
export function multipartEtag(parts: UploadedPart[]): string | null {
  if (!parts.every(({ etag }) => /^[0-9a-f]{32}$/.test(etag))) return null;
  const hash = createHash('md5');
  for (const { etag } of [...parts].sort((a, b) => a.partNumber - b.partNumber)) {
    hash.update(Buffer.from(etag, 'hex'));
  }
  return `${hash.digest('hex')}-${parts.length}`;
}

/** Returns the ETag in the answer to CopyObject or UploadPartCopy. */
export function parseCopy(xml: string, name: 'CopyObjectResult' | 'CopyPartResult'): string | null {
  const root = parseXml(xml, name);
  const etag = root === null ? undefined : textOf(root, 'ETag');
  return etag === undefined ? null : plainEtag(etag);
}

export interface PartsPage {
  parts: ListedPart[];
  /** The number of the part after which the next page begins; `null` on the last page. */
  nextMarker: number | null;
}

export function parsePartsPage(xml: string): PartsPage | null {
  const root = parseXml(xml, 'ListPartsResult');
  if (root === null) return null;
  const parts: ListedPart[] = [];
  for (const part of children(root, 'Part')) {
    const partNumber = Number(textOf(part, 'PartNumber'));
    const sizeBytes = Number(textOf(part, 'Size'));
    const etag = plainEtag(textOf(part, 'ETag') ?? '');
    if (!Number.isSafeInteger(partNumber) || !Number.isSafeInteger(sizeBytes)) return null;
    parts.push({ partNumber, sizeBytes, etag });
  }
  if (textOf(root, 'IsTruncated') !== 'true') return { parts, nextMarker: null };
  const marker = textOf(root, 'NextPartNumberMarker') ?? '';
  return /^\d{1,5}$/.test(marker) ? { parts, nextMarker: Number(marker) } : null;
}

interface UploadsPage {
  objects: MultipartUpload[];
  /** Whether the answer says that its keys are percent-encoded. */
  wasEncoded: boolean;
  /** The query parameters of the next page; `null` on the last page. */
  nextToken: string | null;
}

export function parseUploadsPage(xml: string): UploadsPage | null {
  const root = parseXml(xml, 'ListMultipartUploadsResult');
  if (root === null) return null;
  const wasEncoded = textOf(root, 'EncodingType') === 'url';
  const decode = wasEncoded ? percentDecode : (text: string): string => text;
  const objects: MultipartUpload[] = [];
  for (const upload of children(root, 'Upload')) {
    const [key, uploadId] = [textOf(upload, 'Key'), textOf(upload, 'UploadId')];
    if (key === undefined || uploadId === undefined) return null;
    objects.push({ key: decode(key), uploadId, initiatedAt: textOf(upload, 'Initiated') ?? '' });
  }
  if (textOf(root, 'IsTruncated') !== 'true') return { objects, wasEncoded, nextToken: null };
  const nextToken = markersIn(root, decode);
  return nextToken === null ? null : { objects, wasEncoded, nextToken };
}

/** Returns the query parameters of the next page; `null` if the answer does not give them. */
function markersIn(root: XmlTree, decode: (text: string) => string): string | null {
  const key = decode(textOf(root, 'NextKeyMarker') ?? '');
  const uploadId = textOf(root, 'NextUploadIdMarker') ?? '';
  // MinIO names no key if it lists the uploads of a single one.
  if (key === '' && uploadId === '') return null;
  return `key-marker=${percentEncode(key)}&upload-id-marker=${percentEncode(uploadId)}`;
}
