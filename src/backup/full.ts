import { MangamotionError } from '../errors.js';
import type { Bucket } from '../object-store/port.js';
import { lastComplete } from '../repository/history.js';
import type { Summary } from '../repository/summary.js';
import type { Step } from './changes.js';
import { countAll, listAll } from './listing.js';
import { makeBackup } from './make-backup.js';
import {
  type BackupContext,
  type BackupPlan,
  type HeldContext,
  type RunOptions,
  sourceOf,
} from './plan.js';
import { type BucketSelection, selectBuckets } from './selection.js';

export interface BackupOptions extends Omit<RunOptions, 'command'> {
  selection: BucketSelection;
  /** Begin although the disk looks too full for it. */
  ignoreFreeSpace: boolean;
}

/** Copies all selected buckets into a new archive. The backup exists when this resolves. */
export async function backUpFull(context: BackupContext, options: BackupOptions): Promise<Summary> {
  const run = { ...options, command: 'backup full' };
  return await makeBackup(context, run, (held) => planFull(held, options));
}

export async function planFull(
  context: HeldContext,
  { selection, ignoreFreeSpace, sourceName }: BackupOptions,
): Promise<BackupPlan> {
  const { store } = context;
  const buckets = await chooseBuckets(context, selection);
  if (!ignoreFreeSpace) await makeRoom(context);
  return {
    type: 'full',
    buckets,
    source: sourceOf(store, selection, sourceName),
    parent: null,
    steps: takeAll(context, buckets),
    expected: (signal) => countAll(store, buckets, signal),
    findings: () => ({ deleted: 0, suspicious: [] }),
    close: () => Promise.resolve(),
  };
}

export async function chooseBuckets(
  context: BackupContext,
  selection: BucketSelection,
): Promise<Bucket[]> {
  const { store, signal } = context;
  const all = await store.listBuckets({ signal });
  const buckets = withoutOwn(context, selectBuckets(all, selection));
  if (buckets.length > 0) return buckets;
  throw new MangamotionError(
    'not_found',
    all.length === 0
      ? `the store at ${store.endpoint} shows no buckets: nothing to back up`
      : 'every bucket is excluded, or is the destination itself: nothing to back up',
    {
      hint: 'Check the endpoint and the credentials: a user sees only the buckets it has rights to.',
    },
  );
}

/** A bucket that is the destination itself would grow while it is read. */
function withoutOwn({ store, destination, progress }: BackupContext, buckets: Bucket[]): Bucket[] {
  const own = destination.excludesBucket;
  if (own === undefined || !isSameEndpoint(own.endpoint, store.endpoint)) return buckets;
  const others = buckets.filter(({ name }) => name !== own.bucket);
  if (others.length < buckets.length) {
    progress.warn(`bucket ${own.bucket} holds the backups themselves, and is left out`);
  }
  return others;
}

/** This machine has several names. */
function isSameEndpoint(a: string, b: string): boolean {
  const plain = (url: string) =>
    url.toLowerCase().replace(/\/\/(localhost|\[::1\])(?=:|$)/, '//127.0.0.1');
  return plain(a) === plain(b);
}

async function* takeAll(
  { listings, signal }: HeldContext,
  buckets: readonly Bucket[],
): AsyncGenerator<Step[]> {
  for await (const page of listAll(listings, buckets, signal)) {
    yield page.map((listed) => ({ kind: 'take', ...listed }));
  }
}

/**
 * The last full of this destination tells about how much room the next one needs. What earlier runs
 * left is given up for it.
 */
async function makeRoom({ destination, progress, leftovers }: HeldContext): Promise<void> {
  const last = lastComplete(await destination.list(), 'full');
  const free = await destination.freeBytes();
  if (last === undefined || free === null || free >= last.archive_bytes) return;
  if (free + leftovers.sizeBytes >= last.archive_bytes) {
    progress.warn('what an earlier run had captured is removed: there is no room for both');
    await leftovers.remove();
    return;
  }
  throw new MangamotionError(
    'refused',
    `${destination.location} has ${free} bytes free, and the last full backup took ${last.archive_bytes}`,
    { hint: 'Free some space, or try all the same with --ignore-free-space.' },
  );
}
