import { utcTime } from './retention/calendar.js';
import { type ChainProblem, chainProblems, isBreak } from './chain.js';
import type { BackupEntry } from './destination.js';
import { nextExpiry } from './retention/expiry.js';
import { type Growth, growthOf } from './growth.js';
import { type Line, lineNamed, linesOf } from './lines/lines.js';
import { BACKUP_TYPES, type BackupType, backupTypeOf } from './names.js';
import type { Summary } from './summary.js';
import { widestLine } from './lines/widest.js';

/** The status of a destination, for people and for monitoring. */
export interface DestinationStatus {
  checked_at: string;
  /** What `freshness` and each `newest_complete` tell of: the widest line that counts, or the one named. */
  line: string | null;
  /** All of them, in the order of their oldest backups; with a line named, that one. */
  lines: LineStatus[];
  kinds: KindStatus[];
  freshness: Freshness;
  chains: {
    /** `unknown`: nothing is known to be wrong, but some is of a newer version, or in cold storage. */
    status: 'ok' | 'broken' | 'unknown';
    /** How many backups were checked. */
    checked: number;
    problems: ChainProblem[];
  };
  /** The size of all archives at the destination. */
  archive_bytes: number;
  growth: Growth | null;
  retention: {
    days: number;
    suspended_by: string | null;
    /** What goes first, and since or from when; `null` where nothing will, or it is suspended. */
    next_expiry: { at: string; ids: string[] } | null;
  };
}

export interface LineStatus {
  line: string;
  /** The operator's name for the store; `null` if it has only an endpoint. */
  source_name: string | null;
  endpoints: string[];
  /** `null`: all that are not excluded. */
  buckets: string[] | null;
  excluded_buckets: string[];
  /** The number of backups of all types. */
  backups: number;
  archive_bytes: number;
  newest_complete: NewestBackup | null;
  /** True where the line counts for `status`: a single backup is not a series. */
  counts: boolean;
  status: FreshnessStatus;
  suspended_by: string | null;
  retired: boolean;
  next_expiry: { at: string; ids: string[] } | null;
}

/** `missing`: there is no trusted backup of these types. `retired`: nothing is expected of it. */
type FreshnessStatus = 'fresh' | 'overdue' | 'missing' | 'retired';

export interface KindStatus {
  type: BackupType;
  backups: number;
  archive_bytes: number;
  newest_complete: NewestBackup | null;
}

interface NewestBackup {
  id: string;
  created_at: string;
  /** Negative where it comes from the future; `null` where its time cannot be read. */
  age_seconds: number | null;
}

interface Freshness {
  status: FreshnessStatus;
  types: BackupType[];
  newest_complete: NewestBackup | null;
  max_age_seconds: number | null;
}

export interface StatusOptions {
  now: Date;
  /** BACKUP_RETENTION_DAYS. */
  retentionDays: number;
  /** The oldest that the newest trusted backup may be. */
  maxAgeMs?: number | undefined;
  /** Whose age counts; `undefined`: that of the newer of full and incremental. */
  type?: BackupType | undefined;
  /** The name of the only line that counts; `undefined`: all. */
  line?: string | undefined;
}

/**
 * The backups come oldest first by sequence. Throws `not_found` for a line that is not there.
 */
export function destinationStatus(
  backups: readonly BackupEntry[],
  options: StatusOptions,
): DestinationStatus {
  const { now, retentionDays, line: name } = options;
  const problems = chainProblems(backups);
  const all = linesOf(backups);
  const lines = name === undefined ? all : [lineNamed(all, name)];
  const series = lines.filter((line) => isSeries(line, options));
  const main = widestLine(series.length > 0 ? series : lines);
  return {
    checked_at: now.toISOString(),
    line: main?.name ?? null,
    lines: lineStatusesOf(backups, lines, main, options),
    kinds: BACKUP_TYPES.map((type) => kindStatus(backups, main, type, now)),
    freshness: freshnessOf(main, options),
    chains: { status: chainStatus(problems), checked: backups.length, problems },
    archive_bytes: bytesOf(backups),
    growth: growthOf(backups, now),
    retention: {
      days: retentionDays,
      suspended_by: main?.suspendedBy ?? null,
      next_expiry: nextExpiry(backups, retentionDays),
    },
  };
}

/** Whether a line that counts lacks what is expected of it. */
export function isLate({ freshness, lines }: DestinationStatus): boolean {
  const isBad = (status: FreshnessStatus) => status === 'overdue' || status === 'missing';
  return isBad(freshness.status) || lines.some((line) => line.counts && isBad(line.status));
}

/**
 * A line that has not ended, with two or more backups. One backup alone may have been made by hand,
 * for a day: such a line counts only where there is nothing else, and of several the widest.
 */
function isSeries(line: Line, options: StatusOptions): boolean {
  const types = typesOf(options);
  const ofTypes = line.backups.filter(({ summary }) => types.includes(summary.type));
  return !line.retired && ofTypes.length >= 2;
}

function lineStatusesOf(
  backups: readonly BackupEntry[],
  lines: readonly Line[],
  main: Line | undefined,
  options: StatusOptions,
): LineStatus[] {
  return lines.map((line) => {
    const { status, newest_complete: newest } = freshnessOf(line, options);
    const [{ id } = { id: undefined }] = line.backups;
    return {
      line: line.name,
      source_name: line.source.name ?? null,
      endpoints: [...line.source.endpoints],
      buckets: line.selection.buckets === null ? null : [...line.selection.buckets],
      excluded_buckets: [...line.selection.excluded],
      backups: line.backups.length,
      archive_bytes: bytesOf(line.backups.map(({ entry }) => entry)),
      newest_complete: newest,
      counts: !line.retired && (isSeries(line, options) || line === main),
      status,
      suspended_by: line.suspendedBy ?? null,
      retired: line.retired,
      next_expiry: nextExpiry(backups, options.retentionDays, id),
    };
  });
}

function kindStatus(
  backups: readonly BackupEntry[],
  line: Line | undefined,
  type: BackupType,
  now: Date,
): KindStatus {
  const ofType = backups.filter(({ id }) => backupTypeOf(id) === type);
  return {
    type,
    backups: ofType.length,
    archive_bytes: bytesOf(ofType),
    newest_complete: newestBackup(newestTrusted(line, [type]), now),
  };
}

function typesOf({ type }: StatusOptions): BackupType[] {
  return type === undefined ? ['full', 'incremental'] : [type];
}

function newestTrusted(line: Line | undefined, types: readonly BackupType[]): Summary | undefined {
  return line?.backups.findLast(
    ({ untrusted, summary }) => untrusted === undefined && types.includes(summary.type),
  )?.summary;
}

function freshnessOf(line: Line | undefined, options: StatusOptions): Freshness {
  const { now, maxAgeMs } = options;
  const types = typesOf(options);
  const newest = newestBackup(newestTrusted(line, types), now);
  const expected = newest === null ? 'missing' : isOverdue(newest, maxAgeMs) ? 'overdue' : 'fresh';
  return {
    status: line?.retired === true ? 'retired' : expected,
    types,
    newest_complete: newest,
    max_age_seconds: maxAgeMs === undefined ? null : maxAgeMs / 1000,
  };
}

/** A backup whose age is unknown does not count as fresh. */
function isOverdue({ age_seconds: age }: NewestBackup, maxAgeMs: number | undefined): boolean {
  return maxAgeMs !== undefined && (age === null || age * 1000 > maxAgeMs);
}

function newestBackup(summary: Summary | undefined, now: Date): NewestBackup | null {
  if (summary === undefined) return null;
  const { id, created_at } = summary;
  const createdAt = utcTime(created_at);
  const age = createdAt === undefined ? null : (now.getTime() - createdAt.getTime()) / 1000;
  return { id, created_at, age_seconds: age };
}

function chainStatus(problems: readonly ChainProblem[]): 'ok' | 'broken' | 'unknown' {
  if (problems.length === 0) return 'ok';
  return problems.some(isBreak) ? 'broken' : 'unknown';
}

function bytesOf(backups: readonly BackupEntry[]): number {
  return backups.reduce((sum, { archiveBytes }) => sum + (archiveBytes ?? 0), 0);
}
