import { RunFaults } from '../object-store/run-faults.js';
import { predecessorOf } from '../repository/lines/parent.js';
import type { Summary } from '../repository/summary.js';
import type { Step } from './plan/changes.js';
import { chooseBuckets } from './plan/choose-buckets.js';
import { refusePlainAfterEncrypted } from '../repository/encryption-choice.js';
import { ListingReport } from './plan/listing.js';
import { makeBackup } from './make-backup.js';
import {
  type BackupContext,
  type BackupOptions,
  type BackupPlan,
  type HeldContext,
  STRICT_GUARD,
  sourceOf,
} from './plan/backup-plan.js';

export type MetadataOptions = Pick<
  BackupOptions,
  'selection' | 'sourceName' | 'waitLockMs' | 'retention'
>;

/** Copies the documents of all selected buckets into a new archive, but no objects. */
export async function backUpMetadata(
  context: BackupContext,
  options: MetadataOptions,
): Promise<Summary> {
  const run = { ...options, command: 'backup metadata' };
  return await makeBackup(context, run, (held) => planMetadata(held, options));
}

async function planMetadata(context: HeldContext, options: MetadataOptions): Promise<BackupPlan> {
  const { store, clock, destination } = context;
  const source = sourceOf(store, options);
  const startedAt = clock.now();
  const backups = await destination.list();
  refusePlainAfterEncrypted(destination, backups, context.noEncryption === true);
  const earlier = predecessorOf(backups, source)?.summary;
  const chosen = await chooseBuckets(context, options.selection, earlier);
  return {
    type: 'metadata',
    ...chosen,
    source,
    parent: null,
    baseline: undefined,
    lastTrusted: undefined,
    inheritedLosses: [],
    guard: STRICT_GUARD,
    acls: false,
    redis: undefined,
    faults: new RunFaults(
      store,
      chosen.buckets.map(({ name }) => name),
    ),
    startedAt,
    steps: noSteps(),
    listing: new ListingReport(),
    expected: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}

// oxlint-disable-next-line typescript/require-await -- it stands in for a listing
async function* noSteps(): AsyncGenerator<Step[]> {
  yield [];
}
