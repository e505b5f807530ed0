import type { IndexLine } from '../../archive/index-line.js';
import { findMissing } from '../../backup/capture/head-checks.js';
import { chooseBuckets } from '../../backup/plan/choose-buckets.js';
import { ListingTrust } from '../../backup/plan/listing-trust.js';
import { MangamotionError, messageOf } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import { type ListingDoubt, listToTheEnd } from '../../object-store/order/listing-to-the-end.js';
import { OrderedListings, inOrder } from '../../object-store/order/ordered-listings.js';
import type { ObjectStore } from '../../object-store/port.js';
import { RunFaults } from '../../object-store/run-faults.js';
import type { BackupEntry } from '../../repository/destination.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { openCommitted } from '../../repository/open-backup.js';
import { SelectedIndex } from '../../restore/plan/selected-index.js';
import type { DrillContext } from '../context.js';
import { BUCKET_STEM } from '../journal-entry.js';
import { type Lacking, countLacking } from '../lacking.js';
import { HEADS_AT_ONCE } from '../limits.js';

const EVERYTHING = { buckets: [], keys: [], prefixes: [], renames: new Map<string, string>() };

/** What a backup lacks, or why that is not known; neither if the store was not asked. */
export interface Loss {
  lacking?: Lacking;
  unknown?: string;
}

/**
 * Counts what the store has and a backup lacks: in one bucket, or in all that the backup's line
 * selects. The listings are checked as those of a backup are. Where the store cannot be asked, or a
 * listing cannot be trusted, the result says why.
 */
export async function measureLoss(
  context: DrillContext,
  backup: BackupEntry,
  bucket: string | undefined,
): Promise<Loss> {
  const { openSource, destination, signal, progress, warn } = context;
  if (openSource === undefined) return {};
  progress.start('comparing the store with the backup');
  try {
    const store = await openSource();
    return { lacking: await lossOf(context, store, { destination, backup }, bucket) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MangamotionError) || error.code === 'internal') throw error;
    const unknown = `what the backup lacks is not known: ${messageOf(error)}`;
    warn(unknown);
    return { unknown };
  }
}

async function lossOf(
  { now, signal, progress }: DrillContext,
  store: ObjectStore,
  located: LocatedBackup,
  only: string | undefined,
): Promise<Lacking> {
  const opened = await openCommitted(located);
  try {
    const index = new SelectedIndex(opened, EVERYTHING, signal);
    const listings = new OrderedListings(store);
    const sum = { objects: 0, bytes: 0 };
    const names = only === undefined ? await selectedBuckets(store, located, signal) : [only];
    const faults = new RunFaults(store, names);
    for (const name of names) {
      if (!(await store.bucketExists(name, { signal }))) continue;
      const { objects, bytes } = await inOrder(
        () => {
          // By the clock of the server, which tells when objects were written.
          const startedAt = new Date(now().getTime() + (store.clockAheadMs?.() ?? 0));
          const check = new ListingCheck({ store, faults, signal, startedAt }, opened.id);
          const onDoubt = (doubt: ListingDoubt) => check.doubt(name, doubt);
          const listing = { store, listings, startedAt, onDoubt };
          return countLacking(
            index.linesOf(name),
            listToTheEnd(listing, name, { signal }),
            (lines) => check.lookFor(lines),
          );
        },
        () => undefined,
      );
      sum.objects += objects;
      sum.bytes += bytes;
      progress.update({ objects: sum.objects, bytes: sum.bytes });
    }
    return sum;
  } finally {
    await opened.archives.close();
  }
}

/** Throws where a listing cannot be trusted: what is newer in the store would be counted too low. */
class ListingCheck {
  readonly #context: Parameters<typeof findMissing>[0] & { startedAt: Date };
  readonly #backup: string;
  readonly #trust = new ListingTrust();

  constructor(context: Parameters<typeof findMissing>[0] & { startedAt: Date }, backup: string) {
    this.#context = context;
    this.#backup = backup;
  }

  doubt(bucket: string, doubt: ListingDoubt): void {
    // A listing that ended early was continued, and its new end was checked.
    if (doubt !== 'start_after_ignored') return;
    throw new MangamotionError(
      'refused',
      `the server ignores start-after, so it is unknown whether the listing of ${bucket} is complete`,
    );
  }

  /** Looks by name for objects that the backup holds and the listing lacks. */
  async lookFor(lines: readonly IndexLine[]): Promise<void> {
    const asked = lines.filter(({ bucket }) => this.#trust.needsHead(bucket));
    await inParallel(HEADS_AT_ONCE, asked, async (line) => {
      const verdict = await findMissing(this.#context, line);
      if (verdict.kind === 'gone') return;
      if (verdict.kind === 'unproven') throw verdict.error;
      // An object that was written since the listing began does not discredit it.
      if (Date.parse(verdict.head.lastModified) >= +this.#context.startedAt) return;
      this.#trust.leftOut(line);
      throw this.#trust.failureOf(line.bucket, line.key, this.#backup);
    });
  }
}

/** Returns the buckets that a backup made now would hold. Those of drills are none of them. */
async function selectedBuckets(
  store: ObjectStore,
  { destination, backup }: LocatedBackup,
  signal: AbortSignal,
): Promise<string[]> {
  if (backup.summary.kind !== 'valid') return [];
  const { source, buckets: earlier } = backup.summary.summary;
  if (source.buckets !== null) return source.buckets;
  const context = { store, destination, signal, progress: { warn: () => undefined } };
  const all = { only: [], excluded: [] };
  const { buckets, unusable } = await chooseBuckets(context, all, { buckets: earlier });
  return [...buckets.map(({ name }) => name), ...unusable.map(({ bucket }) => bucket)].filter(
    (name) => !source.excluded_buckets.includes(name) && !name.includes(BUCKET_STEM),
  );
}
