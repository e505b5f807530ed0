import type { IndexLine, ObjectRecord } from '../../archive/index-line.js';
import type { Part, State } from './row.js';

/** Compares two records of one object, or an object with a listing. Pure. */

/** The attributes that are compared as they are. */
const PLAIN = ['headers', 'metadata', 'legal_hold', 'encryption', 'storage_class'] as const;

/**
 * Returns what differs. The time, the ETag and the version do not count: an object that was written
 * again with the same content is the same.
 */
export function differingParts(before: ObjectRecord, after: ObjectRecord): Part[] {
  const parts: Part[] = [];
  if (before.size !== after.size || before.sha256 !== after.sha256) parts.push('bytes');
  for (const part of PLAIN) {
    if (canonical(before[part]) !== canonical(after[part])) parts.push(part);
  }
  if (canonical(sortedTags(before)) !== canonical(sortedTags(after))) parts.push('tags');
  if (!isSameRetention(before.retention, after.retention)) parts.push('retention');
  if (canonical(before.checksums) !== canonical(after.checksums)) parts.push('checksums');
  // Without --acls a backup does not know them.
  const known = before.acl !== undefined && after.acl !== undefined;
  if (known && before.acl !== after.acl) parts.push('acl');
  return parts;
}

/** Whether the ETags or times show that an object was written again. */
export function isRewritten(before: ObjectRecord, after: ObjectRecord): boolean {
  return (
    before.etag !== after.etag ||
    before.version_id !== after.version_id ||
    Date.parse(before.last_modified) !== Date.parse(after.last_modified)
  );
}

/** Returns the state of an object, with the attributes that are named. */
export function stateOf(record: ObjectRecord, parts: readonly Part[] = []): State {
  const { size, etag, sha256, last_modified } = record;
  const state: State = { size, etag, sha256, last_modified };
  for (const part of parts) {
    if (part !== 'bytes' && record[part] !== undefined)
      Object.assign(state, { [part]: record[part] });
  }
  return state;
}

export interface ListedState {
  sizeBytes: number;
  etag: string;
  lastModified: string;
}

export function listedState({ sizeBytes, etag, lastModified }: ListedState): State {
  return { size: sizeBytes, etag, sha256: null, last_modified: lastModified };
}

/** `undecided`: only reading the object would tell. */
export type Likeness = 'same' | 'different' | 'undecided';

const MD5 = /^[0-9a-f]{32}$/i;

/**
 * Compares the content by size and ETag. The ETag of a multipart upload, or of an object that is
 * encrypted with SSE-KMS, proves no difference, because it does not depend on the content alone.
 */
export function compareListed(line: IndexLine, listed: ListedState): Likeness {
  if (line.size !== listed.sizeBytes) return 'different';
  if (listed.etag !== '' && [line.etag, line.md5].includes(listed.etag)) return 'same';
  const isMd5 = MD5.test(listed.etag) && line.encryption?.algorithm.startsWith('aws:kms') !== true;
  const known = MD5.test(line.etag) ? line.etag : line.md5;
  return isMd5 && known !== undefined ? 'different' : 'undecided';
}

/** Returns a text that is equal for equal values, whatever the order of their fields. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function sortedTags({ tags }: ObjectRecord): (readonly [string, string])[] {
  const pairs = (tags ?? []).map(({ key, value }) => [key, value] as const);
  return pairs.sort(([a], [b]) => (a < b ? -1 : 1));
}

function isSameRetention(a: ObjectRecord['retention'], b: ObjectRecord['retention']): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.mode === b.mode && Date.parse(a.until) === Date.parse(b.until);
}
