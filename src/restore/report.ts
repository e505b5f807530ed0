import type { LockLeftOut } from './attributes.js';
import type { PlannedDocument } from './documents.js';
import type { BucketPlan } from './plan.js';

/** The answer of `restore --dry-run`. */
export interface RestorePlan {
  backup: string;
  dry_run: true;
  buckets: BucketPlan[];
  documents: PlannedDocument[];
  archives: { id: string; present: boolean; bytes: number | null }[];
  problems: string[];
}

/** The answer of `restore`. */
export interface RestoreReport {
  backup: string;
  buckets: BucketPlan[];
  restored: { objects: number; bytes: number };
  documents: RestoredDocument[];
  /** Objects that were removed from the target. */
  deleted: number;
  /** Locks that objects did not get back. */
  left_out: { bucket: string; reason: LockLeftOut; objects: number }[];
  /** What the backup does not tell, or holds in a form that cannot be put back. */
  problems: string[];
  failures: RestoreFailure[];
}

interface RestoredDocument extends Omit<PlannedDocument, 'action'> {
  result: 'written' | 'unchanged' | 'skipped' | 'failed';
}

interface RestoreFailure {
  bucket: string;
  /** Empty where it is no object. */
  key: string;
  /** Of the bucket, where it is no object. */
  document?: string;
  reason: string;
}

/** True where something of the backup is not in the target now, though it could be wanted there. */
export function isPartial({ failures, left_out: leftOut }: RestoreReport): boolean {
  return failures.length > 0 || leftOut.some(({ reason }) => reason !== 'retention has run out');
}

export function countLeftOut(report: RestoreReport, bucket: string, reason: LockLeftOut): void {
  const known = report.left_out.find((one) => one.bucket === bucket && one.reason === reason);
  if (known === undefined) report.left_out.push({ bucket, reason, objects: 1 });
  else known.objects += 1;
}
