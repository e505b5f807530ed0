import { isDeepStrictEqual } from 'node:util';
import type { BucketDocumentKind } from '../../object-store/bucket-documents.js';
import { parseXml, rootNameOf } from '../../object-store/s3/wire/xml.js';

/** Plans the restore of bucket documents. Pure. */

export interface PlannedDocument {
  bucket: string;
  target: string;
  kind: BucketDocumentKind;
  /** `unchanged`: the target has the same document. `skip`: it is not restored. */
  action: 'write' | 'unchanged' | 'skip';
  reason?: string;
}

/**
 * The order of restore. Object lock, versioning and encryption come before the first object;
 * settings that restrict or remove objects come after the last object of all buckets; notification
 * and replication come last, so that a restore fires no events.
 */
export const BEFORE_OBJECTS = ['object-lock', 'versioning', 'encryption'] as const;
export const AFTER_OBJECTS = ['policy', 'tagging', 'lifecycle', 'cors'] as const;
export const LAST = ['notification', 'replication'] as const;

export const RESTORED_ORDER: readonly BucketDocumentKind[] = [
  ...BEFORE_OBJECTS,
  ...AFTER_OBJECTS,
  ...LAST,
];

/** Documents after which a bucket can still be emptied and removed, and nobody is told of anything. */
const HARMLESS: readonly BucketDocumentKind[] = ['encryption', 'tagging', 'cors'];

export function isHarmless(kind: BucketDocumentKind): boolean {
  return HARMLESS.includes(kind);
}

export function leftOut({ bucket, target, kind }: PlannedDocument): PlannedDocument {
  return { bucket, target, kind, action: 'skip', reason: 'it is left out where it could do harm' };
}

/** Returns why a document is not restored into a renamed bucket; `undefined` if it is. */
export function whySkipped(
  kind: BucketDocumentKind,
  { name, target }: { name: string; target: string },
): string | undefined {
  if (name === target || !LAST.some((last) => last === kind)) return undefined;
  return `it would describe ${target} as if it were ${name}`;
}

/** Returns the document for the target. In a policy, the bucket gets its new name. */
export function contentFor(
  kind: BucketDocumentKind,
  content: Buffer,
  { name, target }: { name: string; target: string },
): Buffer {
  if (kind !== 'policy' || name === target) return content;
  // Replaced in the text, so that the rest stays as it is, and only as a whole name.
  const resource = new RegExp(
    `(arn:[a-z0-9-]*:s3:[a-z0-9-]*:[0-9]*:)${escapeRegExp(name)}(?=["/\\\\])`,
    'g',
  );
  return Buffer.from(content.toString().replace(resource, (_, arn: string) => arn + target));
}

/** Whether two documents are equivalent, because servers format them differently. */
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

/**
 * Sorts the lists of a policy: they are sets, which MinIO returns in a different order each time.
 */
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
