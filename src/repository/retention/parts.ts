import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import { inParallel } from '../../in-parallel.js';
import type { Destination } from '../destination.js';
import { SUMMARY_SUFFIX } from '../names.js';
import { LARGEST_PLAN_BYTES, planName } from '../runs/run-plan.js';
import { type Orphans, type WhyPartsStay, findOrphans } from './orphans.js';
import type { LockedBackups } from './retained.js';
import type { Listed } from '../listed.js';

/** Parts of one backup to which no other refers, as a prune reports them. */
interface PartsRow {
  /** The id of the backup that they were made for. */
  backup: string;
  parts: number;
  bytes: number;
}

/** What becomes of the parts to which no backup refers. */
export interface PartsReport {
  removed: PartsRow[];
  /** Those that stay all the same, and why. */
  kept: (PartsRow & Pick<Orphans, 'because' | 'until'> & { why: WhyPartsStay })[];
}

/** The parts that are removed at once: each takes several requests. */
const REMOVED_AT_ONCE = 8;

/** Finds the parts to which no backup refers once `removed` are gone, and decides on each. */
export async function planParts(
  destination: Destination,
  { names, backups, isProven }: Listed,
  removed: ReadonlySet<string>,
  locked: LockedBackups,
  signal: AbortSignal | undefined,
): Promise<Orphans[]> {
  const planned: Orphans[] = [];
  for (const orphans of findOrphans(names, backups, removed)) {
    const why = orphans.why ?? (isProven ? undefined : 'unproven');
    if (why !== undefined) planned.push({ ...orphans, why });
    else if (await isLeftOut(destination, orphans.backup, names)) {
      planned.push({ ...orphans, why: 'unproven' });
    } else planned.push(...(await divideLocked(orphans, locked, signal)));
  }
  return planned;
}

/** Asks for summary and plan by their names where a listing has neither: a listing may lack them. */
async function isLeftOut(
  destination: Destination,
  backup: string,
  names: Listed['names'],
): Promise<boolean> {
  if (names.has(backup + SUMMARY_SUFFIX)) return false;
  const isThere = async (name: string, mostBytes: number): Promise<boolean> =>
    (await destination.readFile(name, mostBytes)) !== undefined;
  return (
    (await isThere(backup + SUMMARY_SUFFIX, LARGEST_SUMMARY_BYTES)) ||
    (await isThere(planName(backup), LARGEST_PLAN_BYTES))
  );
}

async function divideLocked(
  { backup, parts }: Orphans,
  locked: LockedBackups,
  signal: AbortSignal | undefined,
): Promise<Orphans[]> {
  await locked.ask(parts, signal);
  const until = locked.until;
  const held = parts.filter(({ id }) => until.has(id));
  const free = parts.filter(({ id }) => !until.has(id));
  const ends = held.map(({ id }) => until.get(id) ?? '').sort();
  return [
    ...(free.length === 0 ? [] : [{ backup, parts: free }]),
    ...(held.length === 0
      ? []
      : [{ backup, parts: held, why: 'retained' as const, until: ends.at(-1) ?? '' }]),
  ];
}

/** Returns `undefined` if there is nothing to tell. */
export function reportOfParts(planned: readonly Orphans[]): PartsReport | undefined {
  if (planned.length === 0) return undefined;
  const report: PartsReport = { removed: [], kept: [] };
  for (const { backup, parts, why, ...more } of planned) {
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
    const row = { backup, parts: parts.length, bytes };
    if (why === undefined) report.removed.push(row);
    else report.kept.push({ ...row, why, ...more });
  }
  return report;
}

/**
 * Removes the plans of backups that are about to be removed: such a plan would make them look like a run
 * that goes on.
 */
export async function removePlans(
  destination: Destination,
  { names }: Listed,
  removed: ReadonlySet<string>,
): Promise<void> {
  for (const id of removed) {
    if (names.has(planName(id))) await destination.removeNote(planName(id));
  }
}

/** Removes parts; call it when the backups that needed them are gone. */
export async function removeParts(
  destination: Destination,
  planned: readonly Orphans[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const ids = planned
    .filter(({ why }) => why === undefined)
    .flatMap(({ parts }) => parts.map(({ id }) => id));
  const failures: unknown[] = [];
  await inParallel(REMOVED_AT_ONCE, ids, async (id) => {
    // Nothing goes on when the lock has been given back.
    if (failures.length > 0) return;
    try {
      signal?.throwIfAborted();
      await destination.remove(id);
    } catch (error) {
      failures.push(error);
    }
  });
  if (failures.length > 0) throw failures[0];
}
