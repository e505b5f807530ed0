import { compareKeys } from '../../key-order.js';
import type { ObjectStore } from '../../object-store/port.js';
import type { ReservedBackup } from '../../repository/destination.js';
import { hostRecipientOf } from '../../repository/encryption/vault.js';
import { RUN_PLAN_VERSION, type RunPlan, newToken } from '../../repository/runs/run-plan.js';
import type { BackupPlan, HeldContext } from '../plan/backup-plan.js';
import { cutIndex, shardsFor } from '../../ranges/cut-index.js';
import { cutListing } from '../../ranges/cut-listing.js';
import { type KeyRange, compareRanges } from '../../ranges/key-range.js';
import { mayUseRanges } from '../../ranges/probe-ranges.js';

/** Where no earlier backup tells how much there is. */
const SHARDS_OF_UNKNOWN = 64;
/** Then no shard is lighter, see `weightOf`: each takes a process and some requests. */
const LEAST_WEIGHT_BYTES = 256 * 1024 ** 2;

export interface RunOptions {
  /** The name that the user gives the run; `null` if none. */
  name: string | null;
  /** About how many shards; `undefined`: as many as the earlier backup suggests. */
  shards: number | undefined;
  refreshMetadata: boolean;
}

type Context = Pick<
  HeldContext,
  'store' | 'destination' | 'clock' | 'signal' | 'progress' | 'tool' | 'protection'
>;

/** Plans the shards of a backup. Reads the earlier backup's directory, and lists a few pages of new buckets. */
export async function planRun(
  context: Context,
  plan: BackupPlan,
  { id: run, createdAt }: ReservedBackup,
  lockable: ReadonlySet<string>,
  { name, shards, refreshMetadata }: RunOptions,
): Promise<RunPlan> {
  const { destination, tool, protection } = context;
  const { baseline, lastTrusted, source, acls } = plan;
  if (plan.type === 'metadata') throw new RangeError('a backup of metadata has no shards');
  return {
    format: RUN_PLAN_VERSION,
    run,
    token: newToken(),
    name,
    type: plan.type,
    tool,
    created_at: createdAt.toISOString(),
    source,
    earlier: baseline?.id ?? null,
    last_trusted: lastTrusted?.id ?? null,
    refresh_metadata: refreshMetadata,
    acls,
    lockable: [...lockable].sort(compareKeys),
    recipients: [...destination.vault.recipients],
    host_recipient:
      destination.vault.recipients.length === 0
        ? null
        : ((await hostRecipientOf(destination.vault)) ?? null),
    lock: protection?.retentionOf(createdAt) ?? null,
    shards: await shardsOf(context, plan, shards),
  };
}

/** The plan of a run that goes on, and what of its parts must not be used any more. */
export interface FittedRun {
  run: RunPlan;
  /** The buckets that have come back or are gone since the run was planned: their parts tell another story. */
  changed: ReadonlySet<string>;
}

/**
 * Fits the plan of a run to the buckets that the store has now: adds a shard for each that is new, and
 * notes which are gone. Each shard keeps its number.
 */
export function fitToBuckets(run: RunPlan, { buckets }: Pick<BackupPlan, 'buckets'>): FittedRun {
  const there = new Set(buckets.map(({ name }) => name));
  const changed = new Set<string>();
  const shards = run.shards.map(({ gone, ...shard }) => {
    const isGone = !there.has(shard.range.bucket);
    if (isGone !== (gone === true)) changed.add(shard.range.bucket);
    return { ...shard, ...(isGone ? { gone: true as const } : {}) };
  });
  const planned = new Set(run.shards.map(({ range }) => range.bucket));
  const added = [...there].filter((name) => !planned.has(name)).map((name) => wholeOf(name));
  return { run: { ...run, shards: [...shards, ...added.map((range) => ({ range }))] }, changed };
}

async function shardsOf(
  { store, signal, progress }: Context,
  { buckets, baseline }: BackupPlan,
  wanted: number | undefined,
): Promise<RunPlan['shards']> {
  const chunks = baseline?.chunkReferences ?? [];
  const held = new Set(chunks.flatMap(({ first, last }) => [first.bucket, last.bucket]));
  for (const { name, objects } of baseline?.summary.buckets ?? []) if (objects > 0) held.add(name);
  const there = new Set(buckets.map(({ name }) => name));
  const known = [...there].filter((name) => held.has(name));
  const unknown = [...there].filter((name) => !held.has(name));
  const count = wanted ?? (chunks.length === 0 ? SHARDS_OF_UNKNOWN : shardsFor(chunks));
  const ranges: KeyRange[] = [];
  for (const range of groupsOf(cutIndex(chunks, known, count))) {
    ranges.push(...(await usable(store, range, signal, progress)));
  }
  const each = Math.ceil(count / Math.max(1, unknown.length));
  for (const bucket of unknown) {
    const leastWeight = wanted === undefined ? LEAST_WEIGHT_BYTES : 0;
    const cut = await cutListing(store, bucket, { wanted: each, leastWeight, signal });
    ranges.push(...(await usable(store, cut, signal, progress)));
  }
  const gone = [...held].filter((name) => !there.has(name)).map((name) => wholeOf(name));
  return [
    ...ranges.map((range) => ({ range })),
    ...gone.map((range) => ({ range, gone: true as const })),
  ].sort((a, b) => compareRanges(a.range, b.range));
}

/** Returns the ranges of each bucket. They come in order. */
function groupsOf(ranges: readonly KeyRange[]): KeyRange[][] {
  const groups = new Map<string, KeyRange[]>();
  for (const range of ranges) {
    groups.set(range.bucket, [...(groups.get(range.bucket) ?? []), range]);
  }
  return [...groups.values()];
}

/** Resolves to the ranges of a bucket, or to the whole bucket if its server cannot list from a key on. */
async function usable(
  store: Pick<ObjectStore, 'listPage'>,
  ranges: readonly KeyRange[],
  signal: AbortSignal,
  progress: Context['progress'],
): Promise<readonly KeyRange[]> {
  const [first] = ranges;
  if (first === undefined || ranges.length === 1) return ranges;
  const { bucket } = first;
  const may = await mayUseRanges(store, bucket, signal);
  if (may === 'yes') return ranges;
  progress.warn(`${bucket} is one shard: ${may.reason}`);
  return [wholeOf(bucket)];
}

function wholeOf(bucket: string): KeyRange {
  return { bucket, after: null, through: null };
}
