import { utcTime } from './calendar.js';
import { type ChainProblem, chainProblems } from './chain.js';
import type { ListedBackup } from './destination.js';
import { nextExpiry } from './expiry.js';
import { type Growth, growthOf } from './growth.js';
import { lastComplete } from './history.js';
import { BACKUP_TYPES, type BackupType, backupTypeOf } from './names.js';
import { suspendedBy } from './retention.js';
import type { Summary } from './summary.js';

/** How a destination fares, for people and for a check that runs by itself. */
export interface DestinationStatus {
  checked_at: string;
  kinds: KindStatus[];
  freshness: Freshness;
  chains: {
    /** `unknown`: nothing is known to be wrong, but a newer version wrote some of it. */
    status: 'ok' | 'broken' | 'unknown';
    /** How many backups were looked at. */
    checked: number;
    problems: ChainProblem[];
  };
  /** Of all archives, as they lie there. */
  archive_bytes: number;
  growth: Growth | null;
  retention: {
    days: number;
    suspended_by: string | null;
    /** What goes first, and since or from when; `null` where nothing will, or it is suspended. */
    next_expiry: { at: string; ids: string[] } | null;
  };
}

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
  /** `missing`: there is no complete backup of these types. */
  status: 'fresh' | 'overdue' | 'missing';
  types: BackupType[];
  newest_complete: NewestBackup | null;
  max_age_seconds: number | null;
}

export interface StatusQuestion {
  now: Date;
  /** BACKUP_RETENTION_DAYS. */
  retentionDays: number;
  /** The oldest that the newest complete backup may be. */
  maxAgeMs?: number | undefined;
  /** Whose age counts; `undefined`: that of the newer of full and incremental. */
  type?: BackupType | undefined;
}

/** The backups come oldest first by sequence. */
export function destinationStatus(
  backups: readonly ListedBackup[],
  question: StatusQuestion,
): DestinationStatus {
  const { now, retentionDays } = question;
  const problems = chainProblems(backups);
  const suspended = suspendedBy(backups, undefined);
  return {
    checked_at: now.toISOString(),
    kinds: BACKUP_TYPES.map((type) => kindStatus(backups, type, now)),
    freshness: freshnessOf(backups, question),
    chains: { status: chainStatus(problems), checked: backups.length, problems },
    archive_bytes: bytesOf(backups),
    growth: growthOf(backups, now),
    retention: {
      days: retentionDays,
      suspended_by: suspended ?? null,
      next_expiry: suspended === undefined ? nextExpiry(backups, retentionDays) : null,
    },
  };
}

function kindStatus(backups: readonly ListedBackup[], type: BackupType, now: Date): KindStatus {
  const ofType = backups.filter(({ id }) => backupTypeOf(id) === type);
  return {
    type,
    backups: ofType.length,
    archive_bytes: bytesOf(ofType),
    newest_complete: newestBackup(lastComplete(backups, type), now),
  };
}

function freshnessOf(
  backups: readonly ListedBackup[],
  { now, maxAgeMs, type }: StatusQuestion,
): Freshness {
  const types: BackupType[] = type === undefined ? ['full', 'incremental'] : [type];
  const newestOfEach = types
    .map((one) => lastComplete(backups, one))
    .filter((summary) => summary !== undefined);
  const [latest] = newestOfEach.sort((a, b) => b.sequence - a.sequence);
  const newest = newestBackup(latest, now);
  return {
    status: newest === null ? 'missing' : isOverdue(newest, maxAgeMs) ? 'overdue' : 'fresh',
    types,
    newest_complete: newest,
    max_age_seconds: maxAgeMs === undefined ? null : maxAgeMs / 1000,
  };
}

/** What cannot be told is not taken for fresh. */
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
  return problems.every(({ kind }) => kind === 'summary_newer') ? 'unknown' : 'broken';
}

function bytesOf(backups: readonly ListedBackup[]): number {
  return backups.reduce((sum, { archiveBytes }) => sum + (archiveBytes ?? 0), 0);
}
