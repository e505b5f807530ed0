import { countOf } from '../../count-of.js';
import type { QueueJob, QueueState } from '../job.js';
import { attemptsIn, isRecord, jsonIn, objectIn, progressIn, timeIn, tracesIn } from './fields.js';
import type { Report } from './fields.js';

/** The fields of a job's hash that a row of a list needs. */
export const ROW_FIELDS = [
  'name',
  'data',
  'opts',
  'progress',
  'timestamp',
  'processedOn',
  'finishedOn',
  'failedReason',
  'attemptsMade',
  // Version 5 writes attemptsMade here.
  'atm',
] as const;
export const ALL_FIELDS = [...ROW_FIELDS, 'stacktrace', 'returnvalue'] as const;

/**
 * Decodes the fields of a job's hash. Never throws: a field that cannot be read is left out and named
 * among the problems. An absent field is not a problem.
 */
export function decodeQueueJob(
  queue: string,
  id: string,
  state: QueueState,
  fields: Readonly<Record<string, string | null>>,
): QueueJob {
  const problems: string[] = [];
  const report = (problem: string): void => void problems.push(problem);
  const field = (name: string): string | null => fields[name] ?? null;
  const data = jsonIn(field('data'), 'its data is', report);
  const { progress, progressDetail } = progressIn(field('progress'), report);
  // Spreading would take five times as long, and there may be many jobs.
  return {
    queue,
    id,
    state,
    name: field('name'),
    data,
    userId: userIdIn(data, report),
    files: filesIn(data, report),
    progress,
    progressDetail,
    createdAt: timeIn(field('timestamp'), 'timestamp', report),
    startedAt: timeIn(field('processedOn'), 'processedOn', report),
    finishedAt: timeIn(field('finishedOn'), 'finishedOn', report),
    attemptsMade: attemptsIn([field('attemptsMade'), field('atm')], report),
    options: objectIn(field('opts'), 'its opts are', report),
    failedReason: field('failedReason'),
    stacktrace: tracesIn(field('stacktrace'), report),
    returnValue: jsonIn(field('returnvalue'), 'its return value is', report),
    problems,
  };
}

/** Returns a job whose key does not hold a hash. */
export function unreadableQueueJob(queue: string, id: string, state: QueueState): QueueJob {
  return { ...decodeQueueJob(queue, id, state, {}), problems: ['its key holds no hash'] };
}

/** Whether the data of a job, as JSON, name the user. The text is parsed only if it may. */
export function namesUser(data: string, userId: string): boolean {
  if (!mayName(data, userId)) return false;
  return userIdIn(jsonIn(data, '', ignore), ignore) === userId;
}

/**
 * JSON without a backslash contains an id that is a text as it is. An id that is a number has several
 * spellings: 42, 42.0, 4.2e1.
 */
function mayName(data: string, userId: string): boolean {
  if (data.includes(`"${userId}"`) || data.includes('\\')) return true;
  return String(Number(userId)) === userId && /"user(_i|I)d"\s*:\s*[-\d]/.test(data);
}

function userIdIn(data: unknown, report: Report): string | null {
  if (!isRecord(data)) return null;
  const userId = data.user_id ?? data.userId ?? null;
  if (typeof userId === 'string' || userId === null) return userId;
  if (typeof userId !== 'number') {
    report('its user_id is neither a text nor a number');
  } else if (Number.isInteger(userId) && !Number.isSafeInteger(userId)) {
    // Another user may have the number that it was rounded to.
    report('its user_id is a number with too many digits');
  } else {
    return String(userId);
  }
  return null;
}

function filesIn(data: unknown, report: Report): string[] | null {
  const files = isRecord(data) ? (data.files ?? null) : null;
  if (files === null) return null;
  if (!Array.isArray(files)) {
    report('its files are not a list');
    return null;
  }
  const paths = files.map(pathOf).filter((path) => path !== undefined);
  if (paths.length < files.length) {
    const lacking = files.length - paths.length;
    const have = lacking === 1 ? 'has' : 'have';
    report(`${lacking} of its ${countOf(files.length, 'file')} ${have} no path`);
  }
  return paths;
}

function pathOf(file: unknown): string | undefined {
  const candidates = isRecord(file) ? [file.path, file.key, file.name] : [file];
  return candidates.find((candidate) => typeof candidate === 'string');
}

function ignore(): void {
  // `problems` reports it to the reader of the job.
}
