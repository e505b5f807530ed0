import type { Summary } from '../repository/summary.js';
import type { Step } from './changes.js';
import { chooseBuckets } from './full.js';
import { type BackupContext, makeBackup, sourceOf } from './make-backup.js';
import type { BucketSelection } from './selection.js';

/** Copies the documents of all selected buckets into a new archive, and no objects. */
export async function backUpMetadata(
  context: BackupContext,
  { selection }: { selection: BucketSelection },
): Promise<Summary> {
  const buckets = await chooseBuckets(context, selection);
  return await makeBackup(context, {
    type: 'metadata',
    buckets,
    source: sourceOf(context.store, selection),
    parent: null,
    steps: noSteps(),
    expected: () => Promise.resolve(undefined),
    findings: () => ({ deleted: 0, suspicious: [] }),
  });
}

// eslint-disable-next-line @typescript-eslint/require-await -- it stands in for a listing
async function* noSteps(): AsyncGenerator<Step[]> {
  yield [];
}
