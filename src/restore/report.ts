import { ARCHIVE_CLASS, type LockLeftOut } from './attributes/attributes.js';
import type { PlannedDocument } from './documents/documents.js';
import type { RestoreFailure, RestoreLoss } from './failures.js';
import type { DestroyedObjects } from './plan/consent.js';
import type { KeyClass } from './plan/key-classes.js';
import type { BucketPlan } from './plan/decide.js';
import type { ProbeResult } from './probe-keys.js';

/** The answer of `restore --dry-run`. */
export interface RestorePlan {
  backup: string;
  dry_run: true;
  /** Which of how many shares of the objects it restores; absent for all. */
  share?: number;
  shares?: number;
  buckets: BucketPlan[];
  documents: PlannedDocument[];
  archives: { id: string; present: boolean; bytes: number | null }[];
  /** Objects of the target that would be lost. */
  destroys: DestroyedObjects[];
  /** Classes of keys that are probed first, because the target may not keep them. */
  probes: { class: KeyClass; keys: number }[];
  problems: string[];
  failures: RestoreFailure[];
}

/** The answer of `restore`. */
export interface RestoreReport {
  backup: string;
  /** As in the plan. */
  share?: number;
  shares?: number;
  buckets: BucketPlan[];
  restored: { objects: number; bytes: number };
  documents: RestoredDocument[];
  deleted: number;
  /** The form in which the target stores keys that some servers rename. */
  probes: ProbeResult[];
  /** The number of objects that the target lists as written; `null` if that was not checked. */
  proved: number | null;
  left_out: { bucket: string; reason: LockLeftOut; objects: number }[];
  losses: RestoreLoss[];
  /** The attributes that the backup lacks, or holds in a form that cannot be restored. */
  problems: string[];
  failures: RestoreFailure[];
  failures_omitted: number;
}

interface RestoredDocument extends Omit<PlannedDocument, 'action'> {
  result: 'written' | 'unchanged' | 'skipped' | 'failed';
}

/** Whether the target lacks a part of the backup that the operator may want. */
export function isPartial({
  failures,
  failures_omitted: omitted,
  losses,
  left_out: leftOut,
}: Pick<RestoreReport, 'failures' | 'failures_omitted' | 'losses' | 'left_out'>): boolean {
  return (
    failures.length + omitted > 0 ||
    losses.some(({ what }) => what !== ARCHIVE_CLASS) ||
    leftOut.some(({ reason }) => reason !== 'retention has run out')
  );
}
