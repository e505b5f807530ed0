import type { ObjectName } from '../key-order.js';
import { LONGEST_KEY, LONGEST_PATH } from './limits.js';

/** The index entry of an object: the facts about its content, and its attributes in the store. */
export interface ObjectRecord extends ObjectName {
  version_id?: string;
  /** Bytes. */
  size: number;
  etag: string;
  last_modified: string;
  /** Lower-case hex. */
  sha256: string;
  /** Present if the ETag is not the MD5: a restored object may have it as its new ETag. */
  md5?: string;
  headers?: Record<string, string>;
  metadata?: Record<string, string>;
  tags?: { key: string; value: string }[];
  /** Object Lock retention; `until` is RFC 3339 in UTC. */
  retention?: { mode: RetentionMode; until: string };
  /** Present only if it is on. */
  legal_hold?: true;
  /** Server-side encryption; absent if the server does not report it. */
  encryption?: ObjectEncryption;
  /** Absent if it is STANDARD. */
  storage_class?: string;
  /** Checksums by S3 header name without `x-amz-checksum-`: `crc32c`. */
  checksums?: Record<string, string>;
  /** The access control list as the server returned it; absent if it was not read. */
  acl?: string;
}

/** Server-side encryption (SSE-S3, SSE-KMS). SSE-C objects cannot be captured. */
interface ObjectEncryption {
  /** `AES256`, `aws:kms`, `aws:kms:dsse`. */
  algorithm: string;
  /** The id of the KMS key; absent for the server's default key. */
  key_id?: string;
  /** Present if S3 Bucket Keys are used. */
  bucket_key?: true;
}

const RETENTION_MODES = ['GOVERNANCE', 'COMPLIANCE'] as const;
type RetentionMode = (typeof RETENTION_MODES)[number];

export interface Location {
  path: string;
  /** The id of the archive, even if it is the one that holds the line. */
  archive: string;
  /** The place of the span of gzip members that holds the file, in bytes. */
  offset: number;
  length: number;
  /** The offset of the file's content in the inflated span. */
  inner: number;
}

export interface IndexLine extends ObjectRecord, Location {}

/** Encodes a line with its newline. The field order is fixed: equal content gives equal bytes. */
export function encodeIndexLine(line: IndexLine): string {
  return encodeLocated(encodeRecord(line), line);
}

/** Encodes an object whose place is not known yet. */
export function encodeRecord(record: ObjectRecord): string {
  const { bucket, key, version_id, size, etag, last_modified, sha256, md5, tags } = record;
  const { retention, legal_hold, encryption, storage_class, checksums, acl } = record;
  const ordered: ObjectRecord = {
    bucket,
    key,
    ...(version_id === undefined ? {} : { version_id }),
    size,
    etag,
    last_modified,
    sha256,
    ...(md5 === undefined ? {} : { md5 }),
    ...(isEmpty(record.headers) ? {} : { headers: sorted(record.headers) }),
    ...(isEmpty(record.metadata) ? {} : { metadata: sorted(record.metadata) }),
    ...(tags === undefined || tags.length === 0
      ? {}
      : { tags: tags.map(({ key: name, value }) => ({ key: name, value })) }),
    ...(retention === undefined
      ? {}
      : { retention: { mode: retention.mode, until: retention.until } }),
    ...(legal_hold === undefined ? {} : { legal_hold }),
    ...(encryption === undefined ? {} : { encryption: orderedEncryption(encryption) }),
    ...(storage_class === undefined ? {} : { storage_class }),
    ...(isEmpty(checksums) ? {} : { checksums: sorted(checksums) }),
    ...(acl === undefined ? {} : { acl }),
  };
  return JSON.stringify(ordered);
}

/** Completes the JSON of `encodeRecord` with the place, and a newline. */
export function encodeLocated(record: string, location: Location): string {
  const { path, archive, offset, length, inner } = location;
  const place = JSON.stringify({ path, archive, offset, length, inner });
  return `${record.slice(0, -1)},${place.slice(1)}\n`;
}

function orderedEncryption({ algorithm, key_id, bucket_key }: ObjectEncryption): ObjectEncryption {
  return {
    algorithm,
    ...(key_id === undefined ? {} : { key_id }),
    ...(bucket_key === undefined ? {} : { bucket_key }),
  };
}

function isEmpty(values: Record<string, string> | undefined): values is undefined {
  return values === undefined || Object.keys(values).length === 0;
}

function sorted(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const LONGEST = [
  ['bucket', LONGEST_KEY],
  ['key', LONGEST_KEY],
  ['path', LONGEST_PATH],
] as const;

/** Decodes and checks a line, which may be forged. Throws a SyntaxError that names the fault. */
export function decodeIndexLine(text: string): IndexLine {
  const line: unknown = JSON.parse(text);
  if (!isObject(line)) throw new SyntaxError('an index line is not an object');
  for (const field of ['bucket', 'key', 'etag', 'last_modified', 'path', 'archive']) {
    if (typeof line[field] !== 'string') throw new SyntaxError(`${field} is not text`);
  }
  for (const [field, longest] of LONGEST) {
    const text = line[field];
    if (typeof text === 'string' && text.length > longest) {
      throw new SyntaxError(`${field} is longer than allowed`);
    }
  }
  for (const field of ['size', 'offset', 'length', 'inner']) {
    if (!isCount(line[field])) throw new SyntaxError(`${field} is not a count of bytes`);
  }
  if (!isHex(line.sha256, 64)) throw new SyntaxError('sha256 is not a digest');
  if (line.md5 !== undefined && !isHex(line.md5, 32)) throw new SyntaxError('md5 is not a digest');
  for (const field of ['headers', 'metadata', 'checksums']) {
    if (line[field] !== undefined && !isTextMap(line[field])) {
      throw new SyntaxError(`${field} is not a map of strings`);
    }
  }
  if (line.tags !== undefined && !isTags(line.tags)) throw new SyntaxError('tags are not valid');
  if (line.retention !== undefined && !isRetention(line.retention)) {
    throw new SyntaxError('retention is not valid');
  }
  if (line.legal_hold !== undefined && line.legal_hold !== true) {
    throw new SyntaxError('legal_hold is not true');
  }
  if (line.encryption !== undefined && !isEncryption(line.encryption)) {
    throw new SyntaxError('encryption is not valid');
  }
  for (const field of ['storage_class', 'acl', 'version_id']) {
    if (line[field] !== undefined && typeof line[field] !== 'string') {
      throw new SyntaxError(`${field} is not text`);
    }
  }
  // The checks above prove the type, which TypeScript cannot follow.
  return line as unknown as IndexLine;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isHex(value: unknown, digits: number): boolean {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/.test(value);
}

function isTextMap(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function isRetention(value: unknown): boolean {
  return (
    isObject(value) &&
    RETENTION_MODES.some((mode) => mode === value.mode) &&
    typeof value.until === 'string' &&
    !Number.isNaN(Date.parse(value.until))
  );
}

function isEncryption(value: unknown): boolean {
  return (
    isObject(value) &&
    typeof value.algorithm === 'string' &&
    (value.key_id === undefined || typeof value.key_id === 'string') &&
    (value.bucket_key === undefined || value.bucket_key === true)
  );
}

function isTags(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (tag) => isObject(tag) && typeof tag.key === 'string' && typeof tag.value === 'string',
    )
  );
}
