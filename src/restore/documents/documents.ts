import { isDeepStrictEqual } from 'node:util';
import type { BucketDocumentKind } from '../../object-store/bucket-documents.js';
import { parseXml, rootNameOf } from '../../object-store/s3/wire/xml.js';

/** The plan for the documents of buckets. Pure. */

export interface PlannedDocument {
  /** The name in the backup. */
  bucket: string;
  target: string;
  kind: BucketDocumentKind;
  /** `unchanged`: the target has the same document; `skip`: it is not restored. */
  action: 'write' | 'unchanged' | 'skip';
  /** Why it is skipped, or may be refused. */
  reason?: string;
}

/**
 * The order in which documents are restored. Lock, versioning and encryption come before the first
 * object; what restricts or removes objects comes after the last object of all buckets; notification and
 * replication are last, so that a restore fires no events.
 */
export const BEFORE_OBJECTS = ['object-lock', 'versioning', 'encryption'] as const;
export const AFTER_OBJECTS = ['policy', 'tagging', 'lifecycle', 'cors'] as const;
export const LAST = ['notification', 'replication'] as const;

export const RESTORED_ORDER: readonly BucketDocumentKind[] = [
  ...BEFORE_OBJECTS,
  ...AFTER_OBJECTS,
  ...LAST,
];

/** Returns why a document is not restored into a bucket of another name; `undefined` where it is. */
export function whySkipped(
  kind: BucketDocumentKind,
  { name, target }: { name: string; target: string },
): string | undefined {
  if (name === target || !LAST.some((last) => last === kind)) return undefined;
  return `it would describe ${target} as if it were ${name}`;
}

/** Returns the document for the target: in a policy the bucket has its new name. */
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

/** Whether two documents say the same: servers format them differently. */
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

/** The lists of a policy are sets, which MinIO returns in another order each time. */
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
