import type { Summary } from '../repository/summary.js';
import type { Step } from './changes.js';
import { chooseBuckets } from './full.js';
import { makeBackup } from './make-backup.js';
import { type BackupContext, type RunOptions, sourceOf } from './plan.js';
import type { BucketSelection } from './selection.js';

export interface MetadataOptions extends Omit<RunOptions, 'command'> {
  selection: BucketSelection;
}

/** Copies the documents of all selected buckets into a new archive, and no objects. */
export async function backUpMetadata(
  context: BackupContext,
  options: MetadataOptions,
): Promise<Summary> {
  const { selection, sourceName } = options;
  return await makeBackup(context, { ...options, command: 'backup metadata' }, async (held) => ({
    type: 'metadata',
    buckets: await chooseBuckets(held, selection),
    source: sourceOf(held.store, selection, sourceName),
    parent: null,
    steps: noSteps(),
    expected: () => Promise.resolve(undefined),
    findings: () => ({ deleted: 0, suspicious: [] }),
    close: () => Promise.resolve(),
  }));
}

// eslint-disable-next-line @typescript-eslint/require-await -- it stands in for a listing
async function* noSteps(): AsyncGenerator<Step[]> {
  yield [];
}
