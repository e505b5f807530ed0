import { utcTime } from './retention/periods.js';
import { type ChainProblem, chainProblems, isBreak } from './chain.js';
import type { BackupEntry } from './destination.js';
import { nextExpiry } from './retention/expiry.js';
import { type Growth, growthOf } from './growth.js';
import { type Line, lineNamed, linesOf } from './lines/lines.js';
import { BACKUP_TYPES, type BackupType, backupTypeOf, partOf } from './names.js';
import { partsNeededBy } from './parts.js';
import { type Coverage, type Readings, coverageOf } from './readings.js';
import type { Summary } from './summary.js';
import { widestLine } from './lines/widest.js';

/** The answer of `backup status`, for people and monitoring. */
export interface DestinationStatus {
  checked_at: string;
  /** The line of `freshness` and `newest_complete`: the named one, or the widest that counts. */
  line: string | null;
  /** The named line, or else all lines, ordered by their oldest backups. */
  lines: LineStatus[];
  kinds: KindStatus[];
  freshness: Freshness;
  chains: {
    /** `unknown`: no fault is known, but a backup has a newer format or is in cold storage. */
    status: 'ok' | 'broken' | 'unknown';
    checked: number;
    problems: ChainProblem[];
  };
  archive_bytes: number;
  protection: ProtectionStatus;
  /** What `backup verify --within` has read; `null` if it never ran here. */
  verification: Verification | null;
  growth: Growth | null;
  retention: {
    days: number;
    suspended_by: string | null;
    /** The backup that is removed next, and the time; `null` if none ever is, or if retention is suspended. */
    next_expiry: { at: string; ids: string[] } | null;
  };
}

/** How many of the backups whose summaries can be read have what protects them. */
interface ProtectionStatus {
  encrypted: number;
  /** The public keys that their summaries name, sorted. */
  recipients: string[];
  /** Beside so many lies a signature. None was checked. */
  signatures: number;
}

/**
 * The worst that is known: some of it is damaged, the runs have stopped, or something was not read for
 * too long.
 */
type VerificationStatus = 'ok' | 'damaged' | 'stopped' | 'overdue';

interface Verification extends Coverage {
  status: VerificationStatus;
  within_seconds: number;
  last_run_at: string;
}

export interface LineStatus {
  line: string;
  /** The operator's name for the store; `null` if it has none. */
  source_name: string | null;
  endpoints: string[];
  /** `null` means all buckets that are not excluded. */
  buckets: string[] | null;
  excluded_buckets: string[];
  backups: number;
  archive_bytes: number;
  newest_complete: NewestBackup | null;
  /** Whether the line counts for the exit status. A single backup is not a series. */
  counts: boolean;
  status: FreshnessStatus;
  suspended_by: string | null;
  retired: boolean;
  next_expiry: { at: string; ids: string[] } | null;
}

/** `missing`: there is no trusted backup of these types. `retired`: no backup is expected. */
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
  /** Negative if the backup is from the future; `null` if its time is not valid. */
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
  retentionDays: number;
  /** The maximum age of the newest trusted backup. */
  maxAgeMs?: number | undefined;
  /** The type whose age counts; full or incremental if absent. */
  type?: BackupType | undefined;
  /** The name of the only line to report; all lines if absent. */
  line?: string | undefined;
  /** The record of `backup verify --within`. */
  readings?: Readings | undefined;
}

const DAY_MS = 86_400_000;
/** The period of the report on what was read, and the age at which a verification is too old. */
export const READ_WITHIN_MS = 30 * DAY_MS;
/** A daily run that has not come for so long has stopped. */
const LATE_RUN_MS = 7 * DAY_MS;

/** `backups` are sorted by sequence. Throws `not_found` for an unknown line. */
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
    archive_bytes: bytesOf(backups) + bytesOfParts(backups),
    protection: protectionOf(backups),
    verification: verificationOf(backups, options),
    growth: growthOf(backups, now),
    retention: {
      days: retentionDays,
      suspended_by: main?.suspendedBy ?? null,
      next_expiry: nextExpiry(backups, retentionDays),
    },
  };
}

function protectionOf(backups: readonly BackupEntry[]): ProtectionStatus {
  const encryptions = backups.flatMap(({ summary }) =>
    summary.kind === 'valid' ? (summary.summary.encryption ?? []) : [],
  );
  return {
    encrypted: encryptions.length,
    recipients: [...new Set(encryptions.flatMap(({ recipients }) => recipients))].sort(),
    signatures: backups.filter(({ hasSignature }) => hasSignature === true).length,
  };
}

function verificationOf(
  backups: readonly BackupEntry[],
  { now, readings }: StatusOptions,
): Verification | null {
  if (readings === undefined) return null;
  const withinMs = READ_WITHIN_MS;
  const coverage = coverageOf(backups, readings, { now, withinMs });
  const sinceMs = now.getTime() - Date.parse(readings.ended_at);
  return {
    status: verificationStatus(coverage, sinceMs),
    ...coverage,
    within_seconds: withinMs / 1000,
    last_run_at: readings.ended_at,
  };
}

/** A last run in the future tells nothing: a clock was wrong. */
function verificationStatus(coverage: Coverage, sinceMs: number): VerificationStatus {
  if (coverage.damaged_bytes > 0) return 'damaged';
  if (!(sinceMs >= 0 && sinceMs <= LATE_RUN_MS)) return 'stopped';
  return coverage.overdue_bytes > 0 ? 'overdue' : 'ok';
}

/** Whether a line that counts is overdue or has no trusted backup. */
export function isLate({ freshness, lines }: DestinationStatus): boolean {
  const isBad = (status: FreshnessStatus) => status === 'overdue' || status === 'missing';
  return isBad(freshness.status) || lines.some((line) => line.counts && isBad(line.status));
}

/**
 * Whether a line is a series: not retired, with two or more backups. A single backup may have been
 * made by hand; such a line counts only if there is no series, and then only the widest of them.
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
      archive_bytes: bytesOfLine(line),
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
    archive_bytes: bytesOf(ofType) + bytesOfParts(backups, (its) => its === type),
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

/** A backup of unknown age counts as overdue. */
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

/** The bytes of the archives of a line, with those of the parts that its backups need. */
export function bytesOfLine({ backups }: Line): number {
  const entries = backups.map(({ entry }) => entry);
  return bytesOf(entries) + bytesOfParts(entries);
}

/** The bytes of the parts that backups need, each counted once; of those of some types, if asked. */
function bytesOfParts(
  backups: readonly BackupEntry[],
  isOfType: (type: BackupType | undefined) => boolean = () => true,
): number {
  let sum = 0;
  for (const [id, { bytes }] of partsNeededBy(backups)) {
    if (isOfType(backupTypeOf(partOf(id)?.backup ?? ''))) sum += bytes ?? 0;
  }
  return sum;
}

function bytesOf(backups: readonly BackupEntry[]): number {
  return backups.reduce((sum, { archiveBytes }) => sum + (archiveBytes ?? 0), 0);
}
