/** Values of settings about backups, as text that a person writes. */

const SOURCE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** The name of a store, which becomes part of the names of lines; or what is wrong (`must …`). */
export function parseSourceName(text: string): { name: string } | string {
  if (SOURCE_NAME.test(text)) return { name: text };
  return 'must be a name of 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or a digit';
}

/** The most workers of a backup, a verify or a restore. */
export const MOST_WORKERS = 16;

/** The longest retention that S3 takes. */
const MOST_LOCK_DAYS = 36_500;

/** Reads the days of a lock. Returns what is wrong (`must …`) for anything else. */
export function parseLockDays(text: string): { days: number } | string {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= MOST_LOCK_DAYS) return { days };
  return `must be a number of days, 1 to ${MOST_LOCK_DAYS}`;
}

const UNITS = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** Reads `20M`: bytes per second, in units of 1024. Returns what is wrong (`must …`) for anything else. */
export function parseRate(text: string): { bytesPerSecond: number } | string {
  const [, number, unit = ''] =
    /^(\d{1,9}(?:\.\d{1,3})?)([KMG]?)(?:i?B)?(?:\/s)?$/i.exec(text) ?? [];
  const factor = UNITS[unit.toUpperCase() as keyof typeof UNITS];
  const bytesPerSecond = Math.floor(Number(number) * factor);
  if (bytesPerSecond >= 1024) return { bytesPerSecond };
  return 'must be bytes per second, at least 1K, such as 500K, 20M or 1.5G';
}

/**
 * Reads `temp=80,cache`: the buckets of which up to so many percent of the objects may be deleted
 * between two backups; without a number all. Returns what is wrong (`must …`) for anything else.
 */
export function parseExpectedDeletions(text: string): ReadonlyMap<string, number> | string {
  const expected = new Map<string, number>();
  for (const part of text.split(',')) {
    const read = parseExpectedDeletion(part.trim());
    if (typeof read === 'string') return read;
    if (expected.has(read.bucket))
      return `must name each bucket once, and names ${read.bucket} twice`;
    expected.set(read.bucket, read.percent);
  }
  return expected;
}

export function parseExpectedDeletion(text: string): { bucket: string; percent: number } | string {
  const [bucket = '', percent = '100', ...more] = text.split('=');
  const isPercent = /^\d{1,3}$/.test(percent) && Number(percent) >= 1 && Number(percent) <= 100;
  if (BUCKET.test(bucket) && isPercent && more.length === 0) {
    return { bucket, percent: Number(percent) };
  }
  return 'must be BUCKET or BUCKET=PERCENT, with a whole number from 1 to 100, such as temp=80';
}

export const DEFAULT_BACKUP_QUEUE = 'mangamotion-backup';

/** BullMQ forbids a colon. */
export const QUEUE_RULE = 'the name of a queue: letters, digits, ".", "_" and "-", at most 100';

export function isBackupQueue(text: string): boolean {
  return /^[A-Za-z0-9][\w.-]{0,99}$/.test(text);
}
