import { ARCHIVE_CLASS, type LockLeftOut } from './attributes/attributes.js';
import type { PlannedDocument } from './documents/documents.js';
import type { RestoreFailure, RestoreLoss } from './failures.js';
import type { DestroyedObjects } from './plan/consent.js';
import type { KeyClass } from './plan/problem-keys.js';
import type { BucketPlan } from './plan/decide.js';
import type { ProbeResult } from './probe-keys.js';

/** The answer of `restore --dry-run`. */
export interface RestorePlan {
  backup: string;
  dry_run: true;
  buckets: BucketPlan[];
  documents: PlannedDocument[];
  archives: { id: string; present: boolean; bytes: number | null }[];
  /** The objects of the target that would be lost. */
  destroys: DestroyedObjects[];
  /** Classes of keys for which a probe finds out first whether the target keeps them. */
  probes: { class: KeyClass; keys: number }[];
  problems: string[];
  /** What cannot be restored, as far as the plan knows. */
  failures: RestoreFailure[];
}

/** The answer of `restore`. */
export interface RestoreReport {
  backup: string;
  buckets: BucketPlan[];
  restored: { objects: number; bytes: number };
  documents: RestoredDocument[];
  /** Objects that were removed from the target. */
  deleted: number;
  /** How the target stores keys that some servers rename. */
  probes: ProbeResult[];
  /** How many objects the target lists as they were written; `null` where that was not checked. */
  proved: number | null;
  /** Locks that objects did not get back. */
  left_out: { bucket: string; reason: LockLeftOut; objects: number }[];
  /** Attributes of objects that the target did not keep. */
  losses: RestoreLoss[];
  /** What the backup lacks, or holds in a form that cannot be restored. */
  problems: string[];
  /** The first 10,000 failures. */
  failures: RestoreFailure[];
  /** How many failures are not named. */
  failures_omitted: number;
}

interface RestoredDocument extends Omit<PlannedDocument, 'action'> {
  result: 'written' | 'unchanged' | 'skipped' | 'failed';
}

/** True where a part of the backup is not in the target that an operator may want there. */
export function isPartial({ failures, losses, left_out: leftOut }: RestoreReport): boolean {
  return (
    failures.length > 0 ||
    losses.some(({ what }) => what !== ARCHIVE_CLASS) ||
    leftOut.some(({ reason }) => reason !== 'retention has run out')
  );
}
