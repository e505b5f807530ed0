import { ARCHIVE_CLASS, type LockLeftOut } from './attributes/attributes.js';
import type { PlannedDocument } from './documents/documents.js';
import type { DoomedObjects } from './doomed.js';
import type { RestoreFailure } from './failures.js';
import type { KeyClass } from './plan/problem-keys.js';
import type { RestoreLoss } from './losses.js';
import type { BucketPlan } from './plan/decide.js';
import type { ProbeResult } from './probe-keys.js';

/** What is to be done: the answer of `restore --dry-run`. */
export interface RestorePlan {
  backup: string;
  dry_run: true;
  buckets: BucketPlan[];
  documents: PlannedDocument[];
  archives: { id: string; present: boolean; bytes: number | null }[];
  /** The objects of the target that would be lost. */
  destroys: DoomedObjects[];
  /** Classes of keys of which the target is to show first whether it keeps them. */
  probes: { class: KeyClass; keys: number }[];
  problems: string[];
  /** What is known to fail. */
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
  /** What the target does with keys that servers are known to rename. */
  probes: ProbeResult[];
  /** How many objects were found in the target's listing as they were written; null: not looked. */
  proved: number | null;
  /** Locks that objects did not get back. */
  left_out: { bucket: string; reason: LockLeftOut; objects: number }[];
  /** What belongs to objects and did not come back with them. */
  losses: RestoreLoss[];
  /** What the backup does not tell, or holds in a form that cannot be put back. */
  problems: string[];
  /** The first 10,000. */
  failures: RestoreFailure[];
  /** How many failures are not named. */
  failures_omitted: number;
}

interface RestoredDocument extends Omit<PlannedDocument, 'action'> {
  result: 'written' | 'unchanged' | 'skipped' | 'failed';
}

/** True where something of the backup is not in the target now, though it could be wanted there. */
export function isPartial({ failures, losses, left_out: leftOut }: RestoreReport): boolean {
  return (
    failures.length > 0 ||
    losses.some(({ what }) => what !== ARCHIVE_CLASS) ||
    leftOut.some(({ reason }) => reason !== 'retention has run out')
  );
}
