import { decodeWords } from './encoded-word.js';
import { plainEtag } from './etag.js';
import { decodeHeader, percentEncode } from './header-text.js';
import {
  type Encryption,
  OBJECT_HEADERS,
  type ObjectAttributes,
  type ObjectLock,
} from './object-attributes.js';
import { lockHeaders, lockOf } from './object-lock.js';
import type { ObjectHead } from './port.js';
import type { IncomingHttpHeaders } from 'node:http';

/** What an object's headers say, and the headers that say it. Pure. */

const METADATA_PREFIX = 'x-amz-meta-';
/** The algorithms of S3's additional checksums, as they end the header's name. */
const CHECKSUMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;

/**
 * `null` where the headers lack a size or a date: then they are no S3 server's.
 * `countsTags`: the server sends x-amz-tagging-count with every object that has tags.
 */
export function objectHead(headers: IncomingHttpHeaders, countsTags: boolean): ObjectHead | null {
  const sizeBytes = wholeSize(headers);
  const modified = Date.parse(headers['last-modified'] ?? '');
  if (sizeBytes === null || Number.isNaN(modified)) return null;
  const etag = plainEtag(headers.etag ?? '');
  return {
    sizeBytes,
    etag,
    lastModified: new Date(modified).toISOString(),
    versionId: single(headers['x-amz-version-id']) ?? null,
    headers: keptHeaders(headers),
    metadata: metadataOf(headers),
    tagCount: tagCount(headers, countsTags),
    etagIsMd5: /^[0-9a-f]{32}$/.test(etag) && !hidesMd5(headers),
    encryption: encryptionOf(headers),
    storageClass: storageClassOf(headers),
    checksums: checksumsOf(headers),
    ...lockOf(headers),
  };
}

/** Of the whole object: a part's `Content-Range` names it behind the slash. */
function wholeSize(headers: IncomingHttpHeaders): number | null {
  const range = headers['content-range'];
  const text = range === undefined ? headers['content-length'] : range.split('/')[1];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function keptHeaders(headers: IncomingHttpHeaders): ObjectHead['headers'] {
  const kept: ObjectHead['headers'] = {};
  for (const name of OBJECT_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = decodeHeader(value);
  }
  return kept;
}

function metadataOf(headers: IncomingHttpHeaders): Record<string, string> {
  const found: [string, string][] = [];
  for (const name in headers) {
    if (!name.startsWith(METADATA_PREFIX)) continue;
    const value = single(headers[name]);
    if (value === undefined) continue;
    found.push([name.slice(METADATA_PREFIX.length), decodeWords(decodeHeader(value))]);
  }
  // Not by assignment: a name may be `__proto__`.
  return Object.fromEntries(found);
}

function tagCount(headers: IncomingHttpHeaders, countsTags: boolean): number | null {
  const text = single(headers['x-amz-tagging-count']);
  if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  return countsTags ? 0 : null;
}

function hidesMd5(headers: IncomingHttpHeaders): boolean {
  const encryption = single(headers['x-amz-server-side-encryption']);
  return (
    (encryption?.startsWith('aws:kms') ?? false) ||
    headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined
  );
}

function encryptionOf(headers: IncomingHttpHeaders): Encryption | null {
  const algorithm = single(headers['x-amz-server-side-encryption']);
  if (algorithm === undefined || algorithm === '') return null;
  return {
    algorithm,
    keyId: single(headers['x-amz-server-side-encryption-aws-kms-key-id']) ?? null,
    bucketKey: single(headers['x-amz-server-side-encryption-bucket-key-enabled']) === 'true',
  };
}

function storageClassOf(headers: IncomingHttpHeaders): string | null {
  const storageClass = single(headers['x-amz-storage-class']);
  return storageClass === undefined || ['', 'STANDARD'].includes(storageClass)
    ? null
    : storageClass;
}

const CHECKSUM_PREFIX = 'x-amz-checksum-';

function checksumsOf(headers: IncomingHttpHeaders): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of CHECKSUMS) {
    const value = single(headers[CHECKSUM_PREFIX + name]);
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** The request headers that store the attributes; text, to be signed and then encoded. */
export function attributeHeaders(
  attributes: Partial<ObjectAttributes & ObjectLock>,
): Record<string, string> {
  const headers = lockHeaders(attributes);
  for (const name of OBJECT_HEADERS) {
    const value = attributes.headers?.[name];
    if (value !== undefined) headers[name] = withoutOuterBlanks(value);
  }
  for (const [name, value] of Object.entries(attributes.metadata ?? {})) {
    headers[METADATA_PREFIX + name] = withoutOuterBlanks(value);
  }
  const tags = attributes.tags ?? [];
  if (tags.length > 0) {
    headers['x-amz-tagging'] = tags
      .map((tag) => `${percentEncode(tag.key)}=${percentEncode(tag.value)}`)
      .join('&');
  }
  return headers;
}

/** HTTP takes these off; minio would sign them. */
function withoutOuterBlanks(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}
