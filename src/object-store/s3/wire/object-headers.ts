import { KEPT_HEADERS } from '../../kept-headers.js';
import { decodeBase64Words, decodeWords } from './encoded-word.js';
import { decodeHeader, plainEtag } from './header-text.js';
import { percentEncode } from './percent-encoding.js';
import { type Encryption, type ObjectAttributes, type ObjectLock } from '../../objects.js';
import { lockHeaders, lockOf } from './object-lock.js';
import type { ObjectHead } from '../../port.js';
import type { IncomingHttpHeaders } from 'node:http';

/** Parses and writes the headers of objects. Pure. */

const METADATA_PREFIX = 'x-amz-meta-';
const ENCRYPTION = 'x-amz-server-side-encryption';
/** S3's checksum algorithms, as they end the header's name; the preferred ones first. */
const CHECKSUMS = ['crc64nvme', 'sha256', 'crc32c', 'crc32', 'sha1'] as const;

/**
 * Returns `null` if the headers give no size and `knownBytes` is absent. With `countsTags`, a
 * missing x-amz-tagging-count means that the object has no tags.
 */
export function objectHead(
  headers: IncomingHttpHeaders,
  countsTags: boolean,
  knownBytes?: number,
): ObjectHead | null {
  const sizeBytes = wholeSize(headers, knownBytes);
  const modified = Date.parse(headers['last-modified'] ?? '');
  if (sizeBytes === null) return null;
  const etag = plainEtag(headers.etag ?? '');
  return {
    sizeBytes,
    etag,
    lastModified: Number.isNaN(modified) ? '' : new Date(modified).toISOString(),
    versionId: single(headers['x-amz-version-id']) ?? null,
    headers: keptHeaders(headers),
    metadata: metadataOf(headers),
    missingMetadata: countIn(headers, 'x-amz-missing-meta'),
    tagCount: tagCount(headers, countsTags),
    etagIsMd5: /^[0-9a-f]{32}$/.test(etag) && !hidesMd5(headers),
    encryption: encryptionOf(headers),
    storageClass: storageClassOf(headers),
    checksums: checksumsOf(headers),
    ...lockOf(headers),
  };
}

/** Returns the size of the whole object, which `Content-Range` gives after the slash. */
function wholeSize(headers: IncomingHttpHeaders, knownBytes: number | undefined): number | null {
  const range = headers['content-range'];
  const text = range === undefined ? headers['content-length'] : range.split('/')[1];
  if (range === undefined && text === undefined) return knownBytes ?? null;
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}

function keptHeaders(headers: IncomingHttpHeaders): ObjectHead['headers'] {
  const kept: ObjectHead['headers'] = {};
  for (const name of KEPT_HEADERS) {
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
    const text = decodeHeader(value);
    const decoded = headers.server === 'AmazonS3' ? decodeBase64Words(text) : decodeWords(text);
    found.push([name.slice(METADATA_PREFIX.length), decoded]);
  }
  // Assignment would fail for a name such as `__proto__`.
  return Object.fromEntries(found);
}

function countIn(headers: IncomingHttpHeaders, name: string): number {
  const text = single(headers[name]);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}

function tagCount(headers: IncomingHttpHeaders, countsTags: boolean): number | null {
  const text = single(headers['x-amz-tagging-count']);
  if (text !== undefined && /^\d+$/.test(text)) return Number(text);
  return countsTags ? 0 : null;
}

function hidesMd5(headers: IncomingHttpHeaders): boolean {
  const encryption = single(headers[ENCRYPTION]);
  return (
    (encryption?.startsWith('aws:kms') ?? false) ||
    headers[`${ENCRYPTION}-customer-algorithm`] !== undefined
  );
}

function encryptionOf(headers: IncomingHttpHeaders): Encryption | null {
  const algorithm = single(headers[ENCRYPTION]);
  if (algorithm === undefined || algorithm === '') return null;
  return {
    algorithm,
    keyId: single(headers[`${ENCRYPTION}-aws-kms-key-id`]) ?? null,
    bucketKey: single(headers[`${ENCRYPTION}-bucket-key-enabled`]) === 'true',
  };
}

function storageClassOf(headers: IncomingHttpHeaders): string | null {
  const storageClass = single(headers['x-amz-storage-class']);
  return storageClass === undefined || ['', 'STANDARD'].includes(storageClass)
    ? null
    : storageClass;
}

const CHECKSUM_PREFIX = 'x-amz-checksum-';

/** Matches a composite checksum, which ends in a dash and the number of parts. */
const COMPOSITE = /-\d+$/;

function checksumsOf(headers: IncomingHttpHeaders): Record<string, string> {
  const isComposite = single(headers['x-amz-checksum-type'])?.toUpperCase() === 'COMPOSITE';
  const found: Record<string, string> = {};
  for (const name of CHECKSUMS) {
    const value = single(headers[CHECKSUM_PREFIX + name]);
    if (value === undefined || value === '') continue;
    // Without the number of parts it would look like a checksum of the whole content.
    if (isComposite && !COMPOSITE.test(value)) continue;
    found[name] = value;
  }
  return found;
}

/**
 * Returns the checksum header for an object that is written in one request. S3 accepts only one; a
 * composite checksum cannot be used, because the parts are unknown.
 */
export function checksumHeader(checksums: Record<string, string> = {}): Record<string, string> {
  const name = CHECKSUMS.find((each) => !COMPOSITE.test(checksums[each] ?? '-0'));
  return name === undefined ? {} : { [CHECKSUM_PREFIX + name]: checksums[name] ?? '' };
}

function encryptionHeaders(encryption: Encryption | null = null): Record<string, string> {
  if (encryption === null) return {};
  const { algorithm, keyId, bucketKey } = encryption;
  return {
    [ENCRYPTION]: algorithm,
    ...(keyId === null ? {} : { [`${ENCRYPTION}-aws-kms-key-id`]: keyId }),
    ...(bucketKey ? { [`${ENCRYPTION}-bucket-key-enabled`]: 'true' } : {}),
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Returns the request headers for the attributes except checksums, not yet encoded. */
export function attributeHeaders(
  attributes: Partial<ObjectAttributes & ObjectLock>,
): Record<string, string> {
  const { encryption, storageClass } = attributes;
  const headers = { ...lockHeaders(attributes), ...encryptionHeaders(encryption) };
  if (typeof storageClass === 'string') headers['x-amz-storage-class'] = storageClass;
  for (const name of KEPT_HEADERS) {
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

/** Removes white space that HTTP strips from header values but minio would sign. */
function withoutOuterBlanks(value: string): string {
  return value.replace(/^[ \t]+|[ \t]+$/g, '');
}
