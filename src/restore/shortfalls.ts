import { selectLines } from '../archive/select.js';
import type { OpenBackup } from '../repository/open-backup.js';
import type { BucketPlan } from './plan.js';
import type { RestoreReport } from './report.js';
import type { RestoreSelection } from './selection.js';

/** What of the selected is in the backup, or should be, and cannot be restored. */
export interface Shortfalls {
  /** Of the backup as a whole, and of documents: often the bucket had none. */
  problems: string[];
  /** Objects: with these, the restore is one in part. */
  failures: RestoreReport['failures'];
}

/** Pure. Those of buckets that are not selected, and of what is not restored, are left out. */
export function selectShortfalls(
  { problems, shortfalls }: Pick<OpenBackup, 'problems' | 'shortfalls'>,
  buckets: readonly Pick<BucketPlan, 'bucket' | 'target'>[],
  { selection, documents, objects }: Wanted,
): Shortfalls {
  const found: Shortfalls = { problems: [...problems], failures: [] };
  for (const { bucket, target } of buckets) {
    for (const { bucket: of, document, reason } of shortfalls) {
      if (!documents || document === undefined || of !== bucket) continue;
      found.problems.push(`the ${document} of ${bucket} cannot be restored: ${reason}`);
    }
    const ofObjects = objects ? shortfalls.filter(({ document }) => document === undefined) : [];
    for (const { key, reason } of selectLines(ofObjects, bucket, selection)) {
      found.failures.push({ bucket: target, key, reason });
    }
  }
  return found;
}

interface Wanted {
  selection: RestoreSelection;
  documents: boolean;
  objects: boolean;
}
