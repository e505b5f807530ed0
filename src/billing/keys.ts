import { escapeGlob } from '../redis/scan.js';
import type { Day } from './calendar.js';
import { parseDay } from './calendar.js';

/** The names of the counters are those of the backend's writer. An id can hold any byte, `:` too. */

const USER_PREFIX = 'billing:user:';
const DAY_PREFIX = 'billing:daily:';
const JOB_PREFIX = 'billing:job:';

export const USER_KEYS = `${USER_PREFIX}*`;
export const DAY_KEYS = `${DAY_PREFIX}*`;
export const JOB_KEYS = `${JOB_PREFIX}*`;

/** The field by which an earlier version marked the records of users. It means nothing now. */
export const OLD_INDEX_MARK = 'job_index';

export function userKey(userId: string): string {
  return USER_PREFIX + userId;
}

export function dayKey(userId: string, day: Day): string {
  return `${DAY_PREFIX}${userId}:${day}`;
}

export function jobKey(jobId: string): string {
  return JOB_PREFIX + jobId;
}

/**
 * The key exists if the event was counted. Its scope is the kind of the call and the job, so that a worker
 * can use the id of its attempt for all the calls that it makes.
 */
export function eventKey(kind: string, jobId: string, eventId: string): string {
  return `billing:event:${kind}:${encodeURIComponent(jobId)}:${eventId}`;
}

/** Matches the daily counters of one user. */
export function dayKeysOf(userId: string): string {
  return `${DAY_PREFIX}${escapeGlob(userId)}:????-??-??`;
}

/** Matches the daily counters of all users in one month. */
export function dayKeysIn(month: string): string {
  return `${DAY_PREFIX}*:${month}-??`;
}

/** Matches the totals of all users whose ids begin so. */
export function userKeysFrom(start: string): string {
  return `${USER_PREFIX}${escapeGlob(start)}*`;
}

export function userOfKey(key: string | Buffer): string {
  if (typeof key === 'string') return key.slice(USER_PREFIX.length);
  return idText(key.subarray(USER_PREFIX.length));
}

export function jobOfKey(key: Buffer): string {
  return idText(key.subarray(JOB_PREFIX.length));
}

const DAY_LENGTH = 'YYYY-MM-DD'.length;

/**
 * Splits a key from its end, since the id may hold `:`. Returns `undefined` where it does not end in a day.
 */
export function partsOfDayKey(key: string | Buffer): { userId: string; day: Day } | undefined {
  if (typeof key === 'string') {
    const at = key.length - DAY_LENGTH;
    const day = parseDay(key.slice(at));
    if (day === undefined || key[at - 1] !== ':' || at - 1 < DAY_PREFIX.length) return undefined;
    return { userId: key.slice(DAY_PREFIX.length, at - 1), day };
  }
  const rest = key.subarray(DAY_PREFIX.length);
  const day = parseDay(rest.subarray(-DAY_LENGTH).toString('latin1'));
  const separator = rest.length - DAY_LENGTH - 1;
  if (day === undefined || rest[separator] !== 0x3a) return undefined;
  return { userId: idText(rest.subarray(0, separator)), day };
}

/** Decodes UTF-8. A byte that is not valid is shown as `\xNN`. */
export function idText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(bytes)) return text;
  return bytes
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}
