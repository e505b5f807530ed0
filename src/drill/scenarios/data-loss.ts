import { MangamotionError, messageOf } from '../../errors.js';
import { OrderedListings, inOrder } from '../../object-store/order/ordered-listings.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { BackupEntry } from '../../repository/destination.js';
import type { LocatedBackup } from '../../repository/locate.js';
import { openCommitted } from '../../repository/open-backup.js';
import { SelectedIndex } from '../../restore/plan/selected-index.js';
import type { DrillContext } from '../context.js';
import { BUCKET_STEM } from '../journal-entry.js';
import { type Lacking, countLacking } from '../lacking.js';

const EVERYTHING = { buckets: [], keys: [], prefixes: [], renames: new Map<string, string>() };

/**
 * Counts what the store has and a backup lacks: in one bucket, or in all that the backup's line
 * selects. Resolves to `undefined`, with a warning, if the store cannot be asked.
 */
export async function measureLoss(
  context: DrillContext,
  backup: BackupEntry,
  bucket: string | undefined,
): Promise<Lacking | undefined> {
  const { openSource, destination, signal, progress, warn } = context;
  if (openSource === undefined) return undefined;
  progress.start('comparing the store with the backup');
  try {
    const store = await openSource();
    return await lossOf(context, store, { destination, backup }, bucket);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MangamotionError) || error.code === 'internal') throw error;
    warn(`what the backup lacks is not known: ${messageOf(error)}`);
    return undefined;
  }
}

async function lossOf(
  { signal, progress }: DrillContext,
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
    for (const name of names) {
      if (!(await store.bucketExists(name, { signal }))) continue;
      const { objects, bytes } = await inOrder(
        () => countLacking(index.linesOf(name), listings.list(name, { signal })),
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

/** Returns the buckets that a backup made now would hold. Those of drills are none of them. */
async function selectedBuckets(
  store: ObjectStore,
  { destination, backup }: LocatedBackup,
  signal: AbortSignal,
): Promise<string[]> {
  if (backup.summary.kind !== 'valid') return [];
  const { source } = backup.summary.summary;
  if (source.buckets !== null) return source.buckets;
  const own = destination.excludesBucket;
  const listed = await store.listBuckets({ signal });
  return listed
    .map(({ name }) => name)
    .filter((name) => !source.excluded_buckets.includes(name) && !name.includes(BUCKET_STEM))
    .filter((name) => !(own?.bucket === name && own.endpoint === store.endpoint));
}
