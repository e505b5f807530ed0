import { MangamotionError } from '../errors.js';
import { microsecondsOf, secondsText } from './usage.js';

/** How a job ended, in the words of the backend's writer. */
export const JOB_STATUSES = ['completed', 'failed', 'skipped'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** What one tracking call adds. Its values have been checked. */
export interface TrackedEvent {
  kind: 'bytes' | 'compute' | 'job';
  userId: string;
  jobId: string;
  /** The counters to raise, `i` by a whole number and `f` by a decimal one; `inJob`: in the job too. */
  increments: readonly { kind: 'i' | 'f'; field: string; amount: string; inJob: boolean }[];
  /** Other fields to set in the job. */
  jobFields: Readonly<Record<string, string>>;
}

/** The most that HINCRBY adds. */
const MOST_BYTES = 2n ** 63n - 1n;
/** Some 30,000 years; beyond it a double has no microseconds any more. */
const MOST_SECONDS = 1e12;
/** A key in Redis may be longer, but an id is not. */
const MOST_ID_BYTES = 64 * 1024;
const MOST_METADATA_BYTES = 1024 * 1024;

/** Throws `usage` for a number of bytes that is negative, a fraction or no number, and for empty ids. */
export function bytesEvent(userId: string, bytes: number | bigint, jobId: string): TrackedEvent {
  checkIds(userId, jobId);
  const isWhole = typeof bytes === 'bigint' || Number.isSafeInteger(bytes);
  if (!isWhole || bytes < 0 || BigInt(bytes) > MOST_BYTES) {
    const hint = 'a whole number from 0 to 2^53-1, or a bigint up to 2^63-1';
    throw invalid(`bytes must be ${hint}, not ${shown(bytes)}`);
  }
  const amount = String(bytes);
  const increments = [{ kind: 'i', field: 'bytes_processed', amount, inJob: true } as const];
  return { kind: 'bytes', userId, jobId, increments, jobFields: {} };
}

/** Throws `usage` for seconds that are negative or no number, and for empty ids. */
export function computeEvent(userId: string, seconds: number, jobId: string): TrackedEvent {
  checkIds(userId, jobId);
  if (typeof seconds !== 'number' || !(seconds >= 0 && seconds <= MOST_SECONDS)) {
    throw invalid(`seconds must be a number from 0 to ${MOST_SECONDS}, not ${shown(seconds)}`);
  }
  const amount = secondsText(microsecondsOf(seconds));
  const increments = [{ kind: 'f', field: 'compute_seconds', amount, inJob: true } as const];
  return { kind: 'compute', userId, jobId, increments, jobFields: {} };
}

/** Throws `usage` for an unknown status, metadata that JSON cannot hold, and for empty ids. */
export function completionEvent(
  userId: string,
  jobId: string,
  status: JobStatus,
  metadata: Readonly<Record<string, unknown>>,
  now: Date,
): TrackedEvent {
  checkIds(userId, jobId);
  if (!JOB_STATUSES.includes(status)) {
    throw invalid(`status must be one of ${JOB_STATUSES.join(', ')}, not ${shown(status)}`);
  }
  const once = { kind: 'i', amount: '1', inJob: false } as const;
  return {
    kind: 'job',
    userId,
    jobId,
    increments: [
      { ...once, field: 'job_count' },
      { ...once, field: `jobs_${status}` },
    ],
    jobFields: { status, completed_at: now.toISOString(), metadata: metadataText(metadata) },
  };
}

export function checkId(name: string, id: unknown): asserts id is string {
  if (typeof id !== 'string' || id === '') throw invalid(`${name} must be a string, and not empty`);
  if (!id.isWellFormed()) throw invalid(`${name} must be valid Unicode`);
  if (Buffer.byteLength(id) > MOST_ID_BYTES) {
    throw invalid(`${name} must have at most ${MOST_ID_BYTES} bytes`);
  }
}

function checkIds(userId: unknown, jobId: unknown): void {
  checkId('the user id', userId);
  checkId('the job id', jobId);
}

function metadataText(metadata: unknown): string {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw invalid('metadata must be an object');
  }
  let text: string | undefined;
  try {
    text = jsonOf(metadata);
  } catch (cause) {
    throw invalid('metadata must be an object that JSON can hold', cause);
  }
  if (text === undefined) throw invalid('metadata must be an object that JSON can hold');
  if (Buffer.byteLength(text) > MOST_METADATA_BYTES) {
    throw invalid(`metadata must have at most ${MOST_METADATA_BYTES} bytes as JSON`);
  }
  return text;
}

/** Returns `undefined` where toJSON() does, which the type of JSON.stringify does not say. */
function jsonOf(value: object): string | undefined {
  return JSON.stringify(value);
}

function shown(value: unknown): string {
  // String() of an object runs its toString, which may be missing or throw.
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function invalid(message: string, cause?: unknown): MangamotionError {
  return new MangamotionError('usage', message, cause === undefined ? {} : { cause });
}
