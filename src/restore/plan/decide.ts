import type { IndexLine } from '../../archive/index-line.js';
import type { ListedObject } from '../../object-store/port.js';

/** The action if the target has a different object with the same key. */
export type OnConflict = 'overwrite' | 'skip' | 'fail';

export type RestoreAction =
  | 'create'
  | 'overwrite'
  | 'unchanged'
  /** The target has a different object, which stays. */
  | 'skip'
  /** The target has a different object, which prevents the whole restore. */
  | 'conflict';

export interface PlannedObject {
  line: IndexLine;
  action: RestoreAction;
  target?: ListedObject;
}

/** Whether the target's object has the same content, as far as a listing shows. */
export type Likeness = 'same' | 'different' | 'unknown';

/**
 * Compares size and ETag. If both are equal, the content is the same, whatever kind of ETag it is.
 * Different MD5s mean different content, but with SSE-KMS an ETag may only look like an MD5. The
 * ETag of a multipart upload (`…-3`), or none, proves no difference.
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

/** Whether an object is encrypted with SSE-KMS, so that its ETag is not an MD5. */
export function isKmsEncrypted({ encryption }: Pick<IndexLine, 'encryption'>): boolean {
  return encryption?.algorithm.startsWith('aws:kms') === true;
}

export function decideAction(likeness: Likeness | 'absent', onConflict: OnConflict): RestoreAction {
  if (likeness === 'absent') return 'create';
  if (likeness === 'same') return 'unchanged';
  return onConflict === 'fail' ? 'conflict' : onConflict;
}

/** The plan of a bucket in numbers. The report has it as well. */
export interface BucketPlan {
  bucket: string;
  target: string;
  create_bucket: boolean;
  create: number;
  overwrite: number;
  unchanged: number;
  skip: number;
  conflict: number;
  /** Objects that only the target has, and that are removed. */
  delete: number;
  bytes: number;
  /** The target's objects among the selected keys. */
  listed: number;
  /** Why nothing of the bucket can be restored, if so. */
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
