import { countOf } from '../../count-of.js';
import type { QueueJob, QueueState } from '../job.js';
import {
  attemptsIn,
  isRecord,
  jsonIn,
  objectIn,
  progressIn,
  textIn,
  timeIn,
  tracesIn,
} from './fields.js';
import type { FieldValue, Report } from './fields.js';
import { countElements, membersOf } from './json-bytes.js';

/** Fields of a job's hash that BullMQ itself writes, of a few bytes each. */
export const SMALL_FIELDS = [
  'timestamp',
  'processedOn',
  'finishedOn',
  'attemptsMade',
  // Version 5 writes attemptsMade here.
  'atm',
] as const;
/** Fields of any length. */
export const LONG_FIELDS = [
  ...['name', 'data', 'opts', 'progress', 'failedReason'],
  ...['stacktrace', 'returnvalue'],
] as const;
/** Those that a row of a list needs. */
export const LONG_ROW_FIELDS = ['data', 'progress', 'failedReason'] as const;

/** The fields of a job's hash by name. An absent one is `null` or `undefined`. */
export type JobFields = Readonly<Record<string, FieldValue>>;

/** What only other keys than that of the job tell. */
export type Standing = Pick<QueueJob, 'dueAt' | 'childrenWaiting' | 'stalled'>;
export const NO_STANDING: Standing = { dueAt: null, childrenWaiting: null, stalled: null };

/** What a row shows of the data of a job. */
export interface DataSummary {
  userId: string | null;
  fileCount: number | null;
  problems: readonly string[];
  notes: readonly string[];
}

/**
 * Decodes the fields of a job's hash. Never throws: a field that cannot be read is left out and named
 * among the problems. An absent field is not a problem.
 */
export function decodeQueueJob(
  queue: string,
  id: string,
  state: QueueState,
  fields: JobFields,
  standing: Standing = NO_STANDING,
): QueueJob {
  const { problems, notes, report } = reports();
  const field = (name: string): FieldValue => fields[name] ?? null;
  const { userId, fileCount, problems: ofData } = summaryOfData(field('data'));
  for (const problem of ofData) report.problem(problem);
  const data = jsonIn(field('data'), 'its data is', { ...SILENT, note: report.note });
  return {
    ...{ queue, id, state },
    name: textIn(field('name'), 'its name is', report),
    data,
    userId,
    files: filesIn(data, SILENT),
    fileCount,
    ...commonFields(field, report),
    options: objectIn(field('opts'), 'its opts are', report),
    stacktrace: tracesIn(field('stacktrace'), report),
    returnValue: jsonIn(field('returnvalue'), 'its return value is', report),
    ...standing,
    ...{ problems, notes },
  };
}

/** Decodes what a row of a list shows, see `QueueJob`. */
export function decodeQueueRow(
  queue: string,
  id: string,
  state: QueueState,
  fields: JobFields,
  { summary, standing }: { summary: DataSummary; standing: Standing },
): QueueJob {
  const { problems, notes, report } = reports();
  for (const problem of summary.problems) report.problem(problem);
  for (const note of summary.notes) report.note(note);
  return {
    ...{ queue, id, state, name: null, data: null },
    ...{ userId: summary.userId, files: null, fileCount: summary.fileCount },
    ...commonFields((name) => fields[name] ?? null, report),
    ...{ options: {}, stacktrace: [], returnValue: null },
    ...standing,
    ...{ problems, notes },
  };
}

function reports(): { problems: string[]; notes: string[]; report: Report } {
  const problems: string[] = [];
  const notes: string[] = [];
  const report = {
    problem: (text: string) => void problems.push(text),
    note: (text: string) => void notes.push(text),
  };
  return { problems, notes, report };
}

function commonFields(field: (name: string) => FieldValue, report: Report) {
  const small = (name: string): string | null => {
    const value = field(name);
    return typeof value === 'string' ? value : null;
  };
  return {
    ...progressIn(field('progress'), report),
    createdAt: timeIn(small('timestamp'), 'timestamp', report),
    startedAt: timeIn(small('processedOn'), 'processedOn', report),
    finishedAt: timeIn(small('finishedOn'), 'finishedOn', report),
    attemptsMade: attemptsIn([small('attemptsMade'), small('atm')], report),
    failedReason: textIn(field('failedReason'), 'its failedReason is', report),
  };
}

/** Returns a job whose key does not hold a hash. */
export function unreadableQueueJob(queue: string, id: string, state: QueueState): QueueJob {
  return { ...decodeQueueJob(queue, id, state, {}), problems: ['its key holds no hash'] };
}

/** When a job was created, by the field of its hash. */
export function creationIn(timestamp: string | null): Date | null {
  return timeIn(timestamp, '', SILENT);
}

/** Whether the data of a job, as JSON, name the user. They are parsed only if they may. */
export function namesUser(data: FieldValue, userId: string): boolean {
  if (typeof data === 'string') return mayName(data, userId) && userOf(data) === userId;
  if (data === null || typeof data === 'number') return false;
  return bytesMayName(data, userId) && userOf(data) === userId;
}

function userOf(data: FieldValue): string | null {
  return summaryOfData(data).userId;
}

/**
 * JSON without a backslash contains an id that is a text as it is. An id that is a number has several
 * spellings: 42, 42.0, 4.2e1.
 */
function mayName(data: string, userId: string): boolean {
  if (data.includes(`"${userId}"`) || data.includes('\\')) return true;
  return looksLikeNumber(userId) && /"user(_i|I)d"\s*:\s*[-\d]/.test(data);
}

function bytesMayName(data: Buffer, userId: string): boolean {
  return looksLikeNumber(userId) || data.includes(`"${userId}"`) || data.includes('\\');
}

function looksLikeNumber(userId: string): boolean {
  return String(Number(userId)) === userId;
}

/** Reads of the data what a row shows. Long data are not parsed. */
export function summaryOfData(data: FieldValue): DataSummary {
  const { problems, notes, report } = reports();
  if (isLong(data)) return { ...summaryOfLongData(data, report), problems, notes };
  let value: unknown = data;
  try {
    if (typeof data === 'string') value = JSON.parse(data) as unknown;
  } catch {
    report.problem('its data is not JSON');
  }
  if (typeof data === 'number') jsonIn(data, 'its data is', report);
  return {
    userId: userIdIn(value, report),
    fileCount: filesIn(value, report)?.length ?? null,
    ...{ problems, notes },
  };
}

function summaryOfLongData(data: Buffer, report: Report): Omit<DataSummary, 'problems' | 'notes'> {
  const named: Record<string, unknown> = {};
  let fileCount: number | null = null;
  for (const { name, from, to } of membersOf(data)) {
    const value = data.subarray(from, to);
    if (name === 'user_id' || name === 'userId') {
      named[name] = jsonIn(value.toString('utf8', 0, MOST_ID_BYTES), 'its user_id is', report);
    } else if (name === 'files') {
      fileCount = countElements(value) ?? null;
      if (fileCount === null && value[0] !== NULL_BEGINS) {
        report.problem('its files are not a list');
      }
    }
  }
  return { userId: userIdIn(named, report), fileCount };
}

const NULL_BEGINS = 'n'.charCodeAt(0);
const MOST_ID_BYTES = 64 * 1024;

function isLong(value: FieldValue): value is Buffer {
  return value instanceof Uint8Array;
}

function userIdIn(data: unknown, report: Report): string | null {
  if (!isRecord(data)) return null;
  const userId = data.user_id ?? data.userId ?? null;
  if (typeof userId === 'string' || userId === null) return userId;
  if (typeof userId !== 'number') {
    report.problem('its user_id is neither a text nor a number');
  } else if (Number.isInteger(userId) && !Number.isSafeInteger(userId)) {
    // Another user may have the number that it was rounded to.
    report.problem('its user_id is a number with too many digits');
  } else {
    return String(userId);
  }
  return null;
}

function filesIn(data: unknown, report: Report): string[] | null {
  const files = isRecord(data) ? (data.files ?? null) : null;
  if (files === null) return null;
  if (!Array.isArray(files)) {
    report.problem('its files are not a list');
    return null;
  }
  const paths = files.map(pathOf).filter((path) => path !== undefined);
  if (paths.length < files.length) {
    const lacking = files.length - paths.length;
    const have = lacking === 1 ? 'has' : 'have';
    report.problem(`${lacking} of its ${countOf(files.length, 'file')} ${have} no path`);
  }
  return paths;
}

function pathOf(file: unknown): string | undefined {
  const candidates = isRecord(file) ? [file.path, file.key, file.name] : [file];
  return candidates.find((candidate) => typeof candidate === 'string');
}

/** `problems` of the job that is decoded has it. */
const SILENT: Report = { problem: () => undefined, note: () => undefined };
