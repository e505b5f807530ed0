import { countOf, formatCount } from '../../count-of.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { BackupEntry, Destination } from '../destination.js';
import { removableLeftovers } from '../removable-leftovers.js';
import { withLock } from '../with-lock.js';
import type { CopyContext, CopyOptions } from './copy-context.js';
import { type PlannedCopy, planCopies } from './copy-plan.js';
import {
  type CopyReport,
  bytesToCopy,
  countsOf,
  emptyReport,
  isToBeCopied,
} from './copy-report.js';
import { CopyRun } from './copy-run.js';
import { type OrderConflict, orderConflict } from './line-order.js';

/**
 * Copies backups with what they refer to, under the lock of the target. A failure that concerns one backup
 * is reported with it; the others are copied all the same, except those that refer to it.
 *
 * Rejects with `refused` if nothing can be copied as a whole: for lack of space, or because the sequence
 * numbers of the two destinations do not fit together.
 */
export async function copyBackups(context: CopyContext, options: CopyOptions): Promise<CopyReport> {
  context.progress.start('listing');
  const source = await context.source.list();
  const { ids, leftOut } = options.choose(source);
  const prepare = async (): Promise<{ planned: PlannedCopy[]; report: CopyReport }> => {
    const planned = await plan(context, ids, source);
    return { planned, report: emptyReport(context, options, planned, leftOut) };
  };
  if (options.dryRun) {
    const { planned, report } = await prepare();
    await checkRoom(context, planned).catch((error: unknown) => {
      if (!isMangamotionError(error, 'refused')) throw error;
      context.progress.warn(error.message);
    });
    return { ...report, ...countsOf(report.backups) };
  }
  const { target: destination, signal, progress } = context;
  const lockOptions = {
    ...{ destination, command: 'backup copy', waitMs: options.waitLockMs },
    ...{ signal, warn: (line: string) => progress.warn(line) },
  };
  return await withLock(lockOptions, async (lock, lockedSignal) => {
    const { planned, report } = await prepare();
    const locked = { ...context, signal: lockedSignal };
    await clearLeftovers(locked, planned);
    await checkRoom(locked, planned);
    const run = new CopyRun(locked, options, lock, report);
    await run.copyAll(planned);
    return { ...report, ...countsOf(report.backups) };
  });
}

async function plan(
  { source, target }: CopyContext,
  ids: readonly string[],
  atSource: readonly BackupEntry[],
): Promise<PlannedCopy[]> {
  const atTarget = await target.list();
  const files = target.files();
  const planned = planCopies(ids, {
    source: atSource,
    target: atTarget,
    targetNames: await files.names(),
    sourceNames: await source.files().names(),
    holdsFolders: files.folder !== undefined && source.files().folder !== undefined,
  });
  const copied = planned.filter(({ obstacle }) => obstacle === undefined);
  const conflict = orderConflict(
    copied.map(({ entry }) => entry),
    atTarget,
    new Set(atSource.map(({ id }) => id)),
  );
  if (conflict !== undefined) throw outOfOrder(conflict, target);
  return planned;
}

function outOfOrder({ line, copied, there }: OrderConflict, target: Destination): MangamotionError {
  return new MangamotionError(
    'refused',
    `the sequence numbers of ${copied} and of ${there} at ${target.location} contradict their times: ` +
      `in the line ${line} an old backup would pass for the newest`,
    {
      hint:
        'Backups of one line that were numbered at two destinations cannot be put in order. Copy into ' +
        'an empty folder or prefix.',
    },
  );
}

/** Removes what interrupted runs left at the target, except for what this run continues. */
async function clearLeftovers(
  { target, signal, progress }: CopyContext,
  planned: readonly PlannedCopy[],
): Promise<void> {
  const continued = idsOf(planned.filter(({ task }) => task !== 'present'));
  const removable = await removableLeftovers(target, (line) => progress.warn(line));
  for (const leftover of removable) {
    if (continued.has(leftover.id)) continue;
    signal.throwIfAborted();
    await leftover.remove();
    progress.warn(`removed ${leftover.path}, which an interrupted run left`);
  }
}

/** The ids of backups and of the parts that are copied with them. */
function idsOf(planned: readonly PlannedCopy[]): Set<string> {
  return new Set(planned.flatMap(({ id, parts }) => [id, ...parts.map(({ record }) => record.id)]));
}

/** Rejects with `refused` if the target does not have the room. */
async function checkRoom({ target }: CopyContext, planned: readonly PlannedCopy[]): Promise<void> {
  const free = await target.freeBytes();
  if (free === null) return;
  const waiting = planned.filter(isToBeCopied);
  const ids = idsOf(waiting);
  const left = (await target.leftovers()).filter(({ id }) => ids.has(id));
  const held = left.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const needed = bytesToCopy(waiting) - held;
  if (needed <= free) return;
  throw new MangamotionError(
    'refused',
    `${target.location} has ${countOf(free, 'byte')} free, but the backups to be copied have ${formatCount(needed)}`,
    { hint: 'Free some space, or copy fewer backups.' },
  );
}
