import type { IndexLine } from '../../archive/index-line.js';
import { compareKeys } from '../../key-order.js';
import type { ListedObject } from '../../object-store/port.js';

/** What to do where the target has another object under the key. */
export type OnConflict = 'overwrite' | 'skip' | 'fail';

export type RestoreAction =
  | 'create'
  | 'overwrite'
  | 'unchanged'
  /** Another object is there, and stays. */
  | 'skip'
  /** Another object is there, and nothing is to be restored because of it. */
  | 'conflict';

export interface PlannedObject {
  line: IndexLine;
  action: RestoreAction;
  /** The object that is there; absent where there is none. */
  target?: ListedObject;
}

/** Whether the target's object has the content of the backup's, as far as a listing tells. */
export type Likeness = 'same' | 'different' | 'unknown';

/**
 * Same size and same ETag is the same content, however the ETag was made. Different MD5s are
 * different contents; but where objects may be encrypted with SSE-KMS, what looks like an MD5 is
 * none. An ETag of a multipart upload (`…-3`), or none, says nothing.
 */
export function compareWithTarget(
  line: IndexLine,
  target: ListedObject,
  mayHideMd5: boolean,
): Likeness {
  if (line.size !== target.sizeBytes) return 'different';
  if (target.etag === '') return 'unknown';
  if (line.etag === target.etag || line.md5 === target.etag) return 'same';
  return target.etag.includes('-') || mayHideMd5 ? 'unknown' : 'different';
}

/** Whether a restored object is encrypted so that its ETag is no MD5, as far as its line tells. */
export function isKmsEncrypted({ encryption }: Pick<IndexLine, 'encryption'>): boolean {
  return encryption?.algorithm.startsWith('aws:kms') === true;
}

export function decideAction(likeness: Likeness | 'absent', onConflict: OnConflict): RestoreAction {
  if (likeness === 'absent') return 'create';
  if (likeness === 'same') return 'unchanged';
  return onConflict === 'fail' ? 'conflict' : onConflict;
}

export interface MergedObject {
  line: IndexLine;
  target: ListedObject | undefined;
}

/**
 * Puts beside each line what the target has under its key. Both come in the order of the keys; what
 * only the target has is passed over.
 */
export async function* mergeWithTarget(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
): AsyncGenerator<MergedObject[]> {
  const pages = listing[Symbol.asyncIterator]();
  let page: readonly ListedObject[] = [];
  let position = 0;
  let ended = false;
  try {
    for await (const chunk of lines) {
      const merged: MergedObject[] = [];
      for (const line of chunk) {
        for (;;) {
          const target = page[position];
          if (target === undefined) {
            if (ended) break;
            const next = await pages.next();
            ended = next.done === true;
            page = next.done === true ? [] : next.value;
            position = 0;
          } else if (compareKeys(target.key, line.key) < 0) {
            position += 1;
          } else {
            break;
          }
        }
        const candidate = page[position];
        merged.push({ line, target: candidate?.key === line.key ? candidate : undefined });
      }
      yield merged;
    }
    // To its end: only then is it known that the listing was in order.
    while (!ended) ended = (await pages.next()).done === true;
  } finally {
    await pages.return?.();
  }
}

/** The counts of a bucket in a plan, or in what became of it. */
export interface BucketPlan {
  bucket: string;
  target: string;
  create_bucket: boolean;
  create: number;
  overwrite: number;
  unchanged: number;
  skip: number;
  conflict: number;
  /** Objects of the target that the backup does not have, and that are to be removed. */
  delete: number;
  /** To be transferred. */
  bytes: number;
  /** Objects that the target has there now, among the selected keys. */
  listed: number;
  /** Why nothing of the bucket can be restored; absent as a rule. */
  failed?: string;
}

export function emptyPlan(bucket: string, target: string, createBucket: boolean): BucketPlan {
  return {
    bucket,
    target,
    create_bucket: createBucket,
    create: 0,
    overwrite: 0,
    unchanged: 0,
    skip: 0,
    conflict: 0,
    delete: 0,
    bytes: 0,
    listed: 0,
  };
}

export function countInto(plan: BucketPlan, { line, action }: PlannedObject): void {
  plan[action] += 1;
  if (transfers(action)) plan.bytes += line.size;
}

export function transfers(action: RestoreAction): boolean {
  return action === 'create' || action === 'overwrite';
}
