import { isMangamotionError } from '../errors.js';
import { inParallel } from '../in-parallel.js';
import type { Retention } from '../object-store/objects.js';
import type { BackupEntry, Destination } from './destination.js';
import { type LineBackup, linesOf } from './lines/lines.js';
import { lockSetAt } from './lock-record.js';
import type { DestinationLocks, FileLock, HiddenFile } from './locks.js';
import { partOf } from './names.js';
import { partsNeededBy } from './parts.js';
import type { LockRecord, Summary } from './summary.js';

/** How the newest backups of a destination are locked, and whether what is there is what was written. */
export interface LockState {
  /**
   * The worst that is known: locked files are hidden by a deletion or an overwrite, the newest backup of
   * a line is not locked though earlier ones are, a file that it needs is locked for a shorter time, or
   * the keys may not read locks or list versions.
   */
  status: 'ok' | 'unknown' | 'short' | 'unlocked' | 'hidden';
  /** Why it is unknown. */
  problem: string | null;
  /** The newest backup of each line that has locked backups. */
  newest: NewestLock[];
  /** Files that these backups need, whose locks end before those of the backup; `until`: RFC 3339. */
  short: { file: string; until: string | null }[];
  hidden: HiddenFile[];
  /** The last moment before anything was hidden, for `--as-stored-at`; RFC 3339. `null` if nothing is. */
  as_stored_at: string | null;
  /** The backups that need `--trust-first-versions` as well: their files have later times. */
  later: string[];
}

const NOTHING_HIDDEN = { short: [], hidden: [], as_stored_at: null, later: [] };

interface NewestLock {
  line: string;
  id: string;
  /**
   * The lock of its files that ends first, as the server tells it; `null` if none of them is locked. While
   * the status is `unknown`: what its summary says was set.
   */
  mode: 'GOVERNANCE' | 'COMPLIANCE' | null;
  until: string | null;
  /** When the days have passed for which backups are kept. */
  kept_until: string;
}

const DAY_MS = 86_400_000;
const ASKED_AT_ONCE = 8;
/** Asking for the locks of a part takes several requests. */
const MOST_PARTS_ASKED = 100;
/** Servers keep the end of a lock to the second. */
const TOLERANCE_MS = 1000;

/**
 * Resolves to `null` if the destination has no object lock, or if the keys may not ask for it and no
 * backup says that it is locked.
 */
export async function readLockState(
  destination: Destination,
  backups: readonly BackupEntry[],
  { retentionDays }: { retentionDays: number },
): Promise<LockState | null> {
  const { locks } = destination;
  if (locks === undefined) return null;
  const areEnabled = await locks.areEnabled();
  if (areEnabled === false) return null;
  const newest = newestOf(backups, destination.location);
  if (areEnabled === undefined)
    return unknown('it is not known whether the bucket has object lock');
  try {
    const neededParts = new Set(partsNeededBy(backups).keys());
    return await readState(locks, newest, { retentionDays, neededParts });
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied')) throw error;
    return unknown(error.message);
  }

  function unknown(problem: string): LockState | null {
    if (newest.length === 0) return null;
    const known = newest.map((one) => lockOf(one, one.lock, retentionDays));
    return { status: 'unknown', problem, newest: known, ...NOTHING_HIDDEN };
  }
}

async function readState(
  locks: DestinationLocks,
  newest: readonly Newest[],
  { retentionDays, neededParts }: { retentionDays: number; neededParts: ReadonlySet<string> },
): Promise<LockState> {
  const asked = new Set(
    newest.flatMap(({ summary, lock }) => (lock === undefined ? [] : askedOf(summary))),
  );
  const found = await inParallel(
    ASKED_AT_ONCE,
    [...asked],
    async (id) => [id, await locks.locksOf(id)] as const,
  );
  const files = new Map<string, FileLock[]>(found);
  const short = newest.flatMap((backup) => shortOf(backup, files));
  const { files: hidden, before, later } = await locks.hidden(neededParts);
  const held = newest.map((one) =>
    lockOf(one, firstToEnd(files.get(one.summary.id) ?? []), retentionDays),
  );
  const isUnlocked = held.some(({ until }) => until === null);
  return {
    status:
      hidden.length > 0 ? 'hidden' : isUnlocked ? 'unlocked' : short.length > 0 ? 'short' : 'ok',
    problem: null,
    newest: held,
    short: [...new Map(short.map((one) => [one.file, one])).values()],
    hidden,
    as_stored_at: before,
    later,
  };
}

/**
 * Returns the archives whose locks are asked for. Of many parts it is some from the first to the last: a
 * run locks all alike, and its summary counts those that it could not lock.
 */
function askedOf({ id, references }: Summary): string[] {
  const parts = references.filter((needed) => partOf(needed) !== undefined);
  const backups = references.filter((needed) => partOf(needed) === undefined);
  const step = Math.max(1, parts.length / MOST_PARTS_ASKED);
  const places = Array.from({ length: Math.min(parts.length, MOST_PARTS_ASKED) }, (_, at) =>
    Math.floor(at * step),
  );
  return [id, ...backups, ...places.flatMap((at) => parts[at] ?? [])];
}

/** Returns the lock that ends first; `undefined` if no file is locked. */
function firstToEnd(files: readonly FileLock[]): Retention | undefined {
  return files
    .flatMap(({ retention }) => retention ?? [])
    .sort((a, b) => Date.parse(a.until) - Date.parse(b.until))[0];
}

function lockOf(
  { line, summary: { id, created_at } }: Newest,
  lock: Pick<Retention, 'mode' | 'until'> | undefined,
  retentionDays: number,
): NewestLock {
  return {
    ...{ line, id, mode: lock?.mode ?? null, until: lock?.until ?? null },
    kept_until: new Date(Date.parse(created_at) + retentionDays * DAY_MS).toISOString(),
  };
}

type Newest = Pick<LineBackup, 'summary'> & {
  line: string;
  /** What the run set; `undefined` if nothing. */
  lock: LockRecord | undefined;
};

/** The newest backup with objects of each line that is not retired and has ones that were locked here. */
function newestOf(backups: readonly BackupEntry[], location: string): Newest[] {
  return linesOf(backups).flatMap(({ name, retired, backups: its }) => {
    const withObjects = its.filter(({ summary }) => summary.type !== 'metadata');
    const isLocked = withObjects.some(({ summary }) => lockSetAt(location, summary) !== undefined);
    const last = withObjects.at(-1);
    if (retired || !isLocked || last === undefined) return [];
    const { summary } = last;
    return [{ line: name, summary, lock: lockSetAt(location, summary) }];
  });
}

function shortOf(
  { summary, lock }: Newest,
  files: ReadonlyMap<string, FileLock[]>,
): { file: string; until: string | null }[] {
  if (lock === undefined) return [];
  const leastMs = Date.parse(lock.until) - TOLERANCE_MS;
  const needed = [summary.id, ...summary.references].flatMap((id) => files.get(id) ?? []);
  return needed
    .filter(({ retention }) => !(Date.parse(retention?.until ?? '') >= leastMs))
    .map(({ file, retention }) => ({ file, until: retention?.until ?? null }));
}

/** What the server tells of the locks of a backup's own files. */
export interface HeldLock {
  /** The lock that ends first of those that have not ended; `null` if none of the files is locked. */
  mode: Retention['mode'] | null;
  /** RFC 3339. */
  until: string | null;
  /** The number of files that are not locked. */
  unlocked: number;
}

/** Resolves to `undefined` if the server does not tell, or not these keys. Rejects if it cannot be reached. */
export async function readHeldLock(
  { locks }: Pick<Destination, 'locks'>,
  id: string,
): Promise<HeldLock | undefined> {
  if (locks === undefined || (await locks.areEnabled()) !== true) return undefined;
  try {
    const files = await locks.locksOf(id);
    const nowMs = Date.now() + (locks.clockAheadMs() ?? 0);
    // Servers go on telling a retention that has ended.
    const held = files.filter(({ retention }) => Date.parse(retention?.until ?? '') > nowMs);
    const first = firstToEnd(held);
    return {
      ...{ mode: first?.mode ?? null, until: first?.until ?? null },
      unlocked: files.length - held.length,
    };
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
    return undefined;
  }
}

/** Returns the options that read the destination as it was before anything was hidden. */
export function optionsOfPast({ as_stored_at: at, later }: LockState): string {
  const time = `--as-stored-at ${at ?? 'TIME'}`;
  return later.length === 0 ? time : `${time} --trust-first-versions`;
}
