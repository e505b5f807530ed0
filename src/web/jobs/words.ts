import type { JobDocument, ShownJobDocument } from '../data/documents.js';
import { ordinalText } from '../text/numbers.js';

/** What follows is said of jobs in rows and in the drawer. Pure. */

/**
 * Returns the place of each waiting job in the queue, by id; nothing unless all of them are known and
 * wait in the order of their creation.
 */
export function placesInQueue(
  rows: readonly (JobDocument | undefined)[],
  pendingCount: number | undefined,
): ReadonlyMap<string, number> {
  const pending = rows.filter((row) => row?.status === 'pending') as JobDocument[];
  const isPlain = pending.every(({ state }) => state === 'waiting');
  if (!isPlain || pending.length !== pendingCount) return new Map();
  return new Map(pending.reverse().map(({ id }, index) => [id, index + 1]));
}

/**
 * Returns when the job was created that has waited longest; `undefined` unless all that wait are known.
 */
export function waitsLongest(
  rows: readonly (JobDocument | undefined)[],
  pendingCount: number,
): string | undefined {
  const pending = rows.filter((row) => row?.status === 'pending');
  return pending.length === pendingCount ? (pending.at(-1)?.created_at ?? undefined) : undefined;
}

/** `next`, `2nd in the queue`. */
export function placeText(place: number): string {
  return place === 1 ? 'next' : `${ordinalText(place)} in the queue`;
}

/** Why a job waits; `undefined`: it only waits for its turn. */
export function waitText(
  job: Pick<JobDocument, 'due_at' | 'children_waiting' | 'state'>,
  agoText: (time: string) => string,
): string | undefined {
  if (job.due_at !== null) return `due ${agoText(job.due_at)}`;
  if (job.children_waiting !== null) {
    return job.children_waiting === 1
      ? 'waits for 1 child'
      : `waits for ${job.children_waiting} children`;
  }
  if (job.state === 'paused') return 'the queue is paused';
  return job.state === 'prioritized' ? 'has a priority' : undefined;
}

/** The seconds between start and end; `null` where one is not known. */
export function tookSeconds({ started_at, finished_at }: JobDocument): number | null {
  if (started_at === null || finished_at === null) return null;
  return Math.max(0, (Date.parse(finished_at) - Date.parse(started_at)) / 1000);
}

/** The first line of why a job failed. */
export function reasonText(reason: string | null): string {
  const [line = ''] = (reason ?? '').split('\n', 1);
  return line;
}

const KINDS: Readonly<Record<string, string>> = {
  mp4: 'video',
  webm: 'video',
  mov: 'video',
  zip: 'archive',
  gif: 'animation',
  webp: 'picture',
  png: 'picture',
  jpg: 'picture',
};

/** What a result is, by the end of its name: `video`; `file` for any other. */
export function resultKind(key: string): string {
  return KINDS[endingOf(key)] ?? 'file';
}

/** `mp4`; empty for a name without. */
export function endingOf(key: string): string {
  return /\.([a-z\d]{1,8})$/i.exec(key)?.[1]?.toLowerCase() ?? '';
}

export interface Attempt {
  number: number;
  status: 'completed' | 'processing' | 'failed';
  /** Why it failed. */
  reason: string | undefined;
}

/**
 * Returns the attempts of a job. The queue keeps a stack trace of each that failed, and counts them all;
 * of a long history it keeps the last ones only.
 */
export function attemptsOf(job: ShownJobDocument): Attempt[] {
  const failures = job.stacktrace.map(firstLine);
  const made = Math.max(job.attempts_made ?? 0, failures.length);
  const isRunning = job.status === 'processing';
  const hasGood = job.status === 'completed' || isRunning;
  // While it runs, an attempt is not always counted yet.
  const count = hasGood ? Math.max(made, failures.length + 1) : made;
  const firstFailure = count - (hasGood ? 1 : 0) - failures.length;
  return Array.from({ length: count }, (_, index): Attempt => {
    const number = index + 1;
    if (hasGood && number === count)
      return { number, status: isRunning ? 'processing' : 'completed', reason: undefined };
    return { number, status: 'failed', reason: failures[index - firstFailure] };
  });
}

function firstLine(trace: string): string {
  return reasonText(trace).replace(/^(?:\w*Error): /, '');
}

/** How often a job may be tried; the queue tries once where nothing is said. */
export function mostAttempts({ options }: ShownJobDocument): number {
  const attempts = options?.attempts;
  return typeof attempts === 'number' && attempts >= 1 ? attempts : 1;
}

/** `style ink, fps 24`: what else the job was given. Empty where that is nothing. */
export function optionsText(data: unknown): string {
  if (typeof data !== 'object' || data === null) return '';
  return Object.entries(data)
    .filter(([name]) => !KNOWN_FIELDS.has(name))
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

const KNOWN_FIELDS = new Set(['user_id', 'userId', 'files', 'job_id', 'jobId']);
