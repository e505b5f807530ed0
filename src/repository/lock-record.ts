import { countOf } from '../count-of.js';
import type { Unprotected } from './locks.js';
import type { LockRecord, Summary } from './summary.js';

/** What a summary says of locks. Pure. */

/** The files that are named; the rest is counted. */
const MOST_NAMED = 20;

/**
 * Returns what the run that wrote a backup set as its lock; `undefined` if it set none, or if the backup
 * is a copy: its summary tells of the locks at the place that it was copied from, and a copy has none.
 */
export function lockSetAt(
  location: string,
  { lock, destination }: Pick<Summary, 'lock' | 'destination'>,
): LockRecord | undefined {
  return destination === location ? lock : undefined;
}

/** Returns the summary without a lock that was set elsewhere. */
export function withOwnLock(location: string, summary: Summary): Summary {
  const { lock, ...rest } = summary;
  const own = lockSetAt(location, summary);
  return own === lock ? summary : rest;
}

/** Returns the summary with these files counted and named. A summary without locks stays as it is. */
export function withUnprotected(summary: Summary, files: readonly Unprotected[]): Summary {
  const { lock } = summary;
  if (lock === undefined || files.length === 0) return summary;
  return {
    ...summary,
    lock: { ...lock, unprotected: lock.unprotected + files.length },
    notices: [...summary.notices, ...noticesOf(files, lock)],
  };
}

function noticesOf(
  files: readonly Unprotected[],
  { until, mode }: { until: string; mode: string },
): string[] {
  const named = files
    .slice(0, MOST_NAMED)
    .map(({ file, reason }) => `${file} is not locked until ${until} in ${mode} mode: ${reason}`);
  const more = files.length - named.length;
  return more > 0 ? [...named, `${countOf(more, 'more file')} not locked until ${until}`] : named;
}
