import { DAY_MS, utcTime } from './periods.js';
import type { BackupEntry } from '../destination.js';
import { planRetention } from './retention.js';

/**
 * Returns when a prune that keeps `days` days first finds something to remove (which may be in the
 * past), and what; `null` if it never will. With `lineOf`, only in the line of that backup.
 *
 * What has expired at one time has also expired at any later time, so a binary search finds the
 * first.
 */
export function nextExpiry(
  backups: readonly BackupEntry[],
  days: number,
  lineOf?: string,
): { at: string; ids: string[] } | null {
  const removedAt = (now: Date): string[] =>
    planRetention(backups, { days }, { now, lineOf }).flatMap(({ id, kind }) =>
      kind === 'remove' ? [id] : [],
    );
  const times = expiryTimes(backups, days);
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const time = times[middle];
    if (time !== undefined && removedAt(time).length > 0) high = middle;
    else low = middle + 1;
  }
  const first = times[low];
  return first === undefined ? null : { at: first.toISOString(), ids: removedAt(first) };
}

/** Returns when each backup reaches the age of `days` days, sorted. */
function expiryTimes(backups: readonly BackupEntry[], days: number): Date[] {
  return backups
    .flatMap(({ summary }) => {
      const time = summary.kind === 'valid' ? utcTime(summary.summary.created_at) : undefined;
      return time === undefined ? [] : [new Date(time.getTime() + days * DAY_MS)];
    })
    .sort((a, b) => a.getTime() - b.getTime());
}
