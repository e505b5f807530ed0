import { DAY_MS, utcTime } from './retention/periods.js';
import type { BackupEntry } from './destination.js';
import { bytesAtDestination } from './parts.js';

/** The period of measurement: long enough for monthly fulls, short enough to be current. */
const WINDOW_DAYS = 30;

export interface Growth {
  bytes_per_day: number;
  since: string;
  until: string;
}

/**
 * Returns the bytes that backups add per day: the archives of the last 30 days except the oldest,
 * divided by the days they span. `null` if that is less than a day. Pruned backups do not count.
 */
export function growthOf(backups: readonly BackupEntry[], now: Date): Growth | null {
  const since = new Date(now.getTime() - WINDOW_DAYS * DAY_MS);
  const dated = backups
    .flatMap((backup) => {
      const { summary } = backup;
      const at = summary.kind === 'valid' ? utcTime(summary.summary.created_at) : undefined;
      return at !== undefined && at >= since && at <= now
        ? [{ at, bytes: bytesAtDestination(backup) }]
        : [];
    })
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  const [oldest, ...later] = dated;
  const newest = later.at(-1);
  if (oldest === undefined || newest === undefined) return null;
  const days = (newest.at.getTime() - oldest.at.getTime()) / DAY_MS;
  if (days < 1) return null;
  const bytes = later.reduce((sum, backup) => sum + backup.bytes, 0);
  return {
    bytes_per_day: Math.round(bytes / days),
    since: oldest.at.toISOString(),
    until: newest.at.toISOString(),
  };
}
