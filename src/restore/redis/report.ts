import { MangamotionError } from '../../errors.js';
import type { LostCount, Standing } from '../../keyspace/compare.js';
import type { Outcome } from '../../keyspace/write-keys.js';
import { shownText } from '../../keyspace/value.js';

/** The answer of `restore BACKUP redis`. */
export interface RedisRestoreReport {
  backup: string;
  /** Whether this is a plan alone. */
  dry_run: boolean;
  /** The keys by what the server held of them before. */
  keys: Record<Standing, number>;
  /** The keys that were written; of a plan, 0. */
  restored: number;
  /** Counters that were counted since a flush and are lower than in the backup; the first 1,000. */
  lost: ({ key: string } & LostCount)[];
  lost_omitted: number;
  /** The keys that could not be restored; the first 1,000. */
  failures: { key: string; reason: string }[];
  failures_omitted: number;
  /** What the backup itself lacks. */
  problems: string[];
}

const MOST_NAMED = 1000;

export function emptyReport(backup: string, dryRun: boolean): RedisRestoreReport {
  return {
    backup,
    dry_run: dryRun,
    keys: { create: 0, same: 0, lower: 0, higher: 0, other: 0, expired: 0 },
    restored: 0,
    ...{ lost: [], lost_omitted: 0, failures: [], failures_omitted: 0, problems: [] },
  };
}

export function addOutcome(report: RedisRestoreReport, outcome: Outcome): void {
  const { key, decision, written, failed } = outcome;
  if (failed !== undefined) {
    if (report.failures.length < MOST_NAMED) {
      report.failures.push({ key: shownText(key), reason: failed });
    } else report.failures_omitted += 1;
    return;
  }
  report.keys[decision.standing] += 1;
  if (written && !report.dry_run) report.restored += 1;
  for (const lost of decision.lost) {
    if (report.lost.length < MOST_NAMED) report.lost.push({ key: shownText(key), ...lost });
    else report.lost_omitted += 1;
  }
}

/** Whether something is missing that the report names. */
export function isPartialRedis({ lost, failures, problems }: RedisRestoreReport): boolean {
  return lost.length > 0 || failures.length > 0 || problems.length > 0;
}

/** The error for a backup that has no keys of Redis at all. */
export function withoutRedis(id: string): MangamotionError {
  return new MangamotionError('not_found', `${id} holds no keys of Redis`, {
    hint: 'Only backups made with --redis hold them; --latest finds the newest of these.',
  });
}
