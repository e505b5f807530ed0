import { isDeepStrictEqual } from 'node:util';
import type { BucketDocumentKind } from '../../object-store/bucket-documents.js';
import { parseXml, rootNameOf } from '../../object-store/s3/wire/xml.js';

/** What is to become of the documents of buckets. Pure. */

export interface PlannedDocument {
  /** As in the backup. */
  bucket: string;
  target: string;
  kind: BucketDocumentKind;
  /** `unchanged`: the target has the same; `skip`: it is not to be restored. */
  action: 'write' | 'unchanged' | 'skip';
  /** Why it is skipped, or what is to be expected. */
  reason?: string;
}

/**
 * When which documents are restored. A lock, versions and encryption are there before the first
 * object; what restricts or removes objects comes after the last of all buckets; what makes others
 * see objects come and go is last, so that a restore fires no events.
 */
export const BEFORE_OBJECTS = ['object-lock', 'versioning', 'encryption'] as const;
export const AFTER_OBJECTS = ['policy', 'tagging', 'lifecycle', 'cors'] as const;
export const LAST = ['notification', 'replication'] as const;

export const RESTORED_ORDER: readonly BucketDocumentKind[] = [
  ...BEFORE_OBJECTS,
  ...AFTER_OBJECTS,
  ...LAST,
];

/** Why a document stays out of a bucket of another name; `undefined` where it does not. */
export function whySkipped(
  kind: BucketDocumentKind,
  { name, target }: { name: string; target: string },
): string | undefined {
  if (name === target || !LAST.some((last) => last === kind)) return undefined;
  return `it would tell of ${target} as though it were ${name}`;
}

/** The document as the target is to have it: in a policy the bucket has its new name. */
export function contentFor(
  kind: BucketDocumentKind,
  content: Buffer,
  { name, target }: { name: string; target: string },
): Buffer {
  if (kind !== 'policy' || name === target) return content;
  // In the text, so that all the rest stays as it is. Only the whole name: not that of a bucket
  // whose name begins with it.
  const resource = new RegExp(
    `(arn:[a-z0-9-]*:s3:[a-z0-9-]*:[0-9]*:)${escapeRegExp(name)}(?=["/\\\\])`,
    'g',
  );
  return Buffer.from(content.toString().replace(resource, (_, arn: string) => arn + target));
}

/** The same bytes, or another way to write the same: two servers format a document differently. */
export function isSameDocument(a: Buffer, b: Buffer): boolean {
  if (a.equals(b)) return true;
  const [first, second] = [readDocument(a), readDocument(b)];
  return first !== undefined && isDeepStrictEqual(first, second);
}

function readDocument(content: Buffer): unknown {
  const text = content.toString();
  const root = rootNameOf(text);
  if (root !== null) return parseXml(text, root) ?? undefined;
  try {
    return unordered(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The lists of a policy are sets, and MinIO gives them in another order each time. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => unordered(item));
    return items.map((item) => JSON.stringify(item)).sort();
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, unordered(field)] as const);
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
