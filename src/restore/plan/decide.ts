import type { IndexLine } from '../../archive/index-line.js';
import type { ListedObject } from '../../object-store/port.js';

/** The rule for keys under which the target has another object. */
export type OnConflict = 'overwrite' | 'skip' | 'fail';

export type RestoreAction =
  | 'create'
  | 'overwrite'
  | 'unchanged'
  /** The target has another object, which stays. */
  | 'skip'
  /** The target has another object, and nothing is restored because of it. */
  | 'conflict';

export interface PlannedObject {
  line: IndexLine;
  action: RestoreAction;
  /** The object that the target has; absent where it has none. */
  target?: ListedObject;
}

/** Whether the target's object has the content of the backup's, as far as a listing shows. */
export type Likeness = 'same' | 'different' | 'unknown';

/**
 * Compares size and ETag. The same size and the same ETag mean the same content, however the ETag was
 * made. Different MD5s mean different contents; but where objects may be encrypted with SSE-KMS, an
 * ETag that looks like an MD5 is not one. An ETag of a multipart upload (`…-3`), or none, says nothing.
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

/** Whether an object was encrypted with SSE-KMS, so that its ETag is not an MD5. */
export function isKmsEncrypted({ encryption }: Pick<IndexLine, 'encryption'>): boolean {
  return encryption?.algorithm.startsWith('aws:kms') === true;
}

/** Returns the action for an object of the backup. */
export function decideAction(likeness: Likeness | 'absent', onConflict: OnConflict): RestoreAction {
  if (likeness === 'absent') return 'create';
  if (likeness === 'same') return 'unchanged';
  return onConflict === 'fail' ? 'conflict' : onConflict;
}

/** The plan of a bucket in counts; also the result, in the report. */
export interface BucketPlan {
  bucket: string;
  target: string;
  create_bucket: boolean;
  create: number;
  overwrite: number;
  unchanged: number;
  skip: number;
  conflict: number;
  /** Objects to remove, which only the target has. */
  delete: number;
  /** The bytes to transfer. */
  bytes: number;
  /** Objects that the target has now, among the selected keys. */
  listed: number;
  /** Why nothing of the bucket can be restored; usually absent. */
  failed?: string;
}

/** Returns the plan of a bucket without objects. */
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

/** Adds an object to the plan of its bucket. */
export function countInto(plan: BucketPlan, { line, action }: PlannedObject): void {
  plan[action] += 1;
  if (transfers(action)) plan.bytes += line.size;
}

/** Whether an action transfers the bytes of the object. */
export function transfers(action: RestoreAction): boolean {
  return action === 'create' || action === 'overwrite';
}
