import * as v from 'valibot';
import { MOST_PART_NUMBER } from '../repository/names.js';
import { keyRange, summarySchema } from '../repository/summary.js';

/** What workers are asked to do, as it is in the jobs of a queue. */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** The number of a piece of work; a captured part carries it in its name. */
export const workNumber = v.pipe(count, v.maxValue(MOST_PART_NUMBER));

/** Each share is cut out of all of them, so that their number costs memory. */
export const MOST_SHARES = 10_000;

/** Which of how many equal shares of the work on a backup; `index` counts from 1. */
const share = v.pipe(
  v.object({
    index: v.pipe(count, v.minValue(1)),
    of: v.pipe(count, v.minValue(1), v.maxValue(MOST_SHARES)),
  }),
  v.check(({ index, of }) => index <= of, 'is beyond the last share'),
);
export type Share = v.InferOutput<typeof share>;

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));

const LONGEST_OPTIONS = 100_000;

/** A share of the work on one backup. */
const sharedWork = {
  backup: v.pipe(v.string(), v.maxLength(200)),
  /** The SHA-256 of its archive: a backup of the same name elsewhere is another one. */
  archive_sha256: digest,
  /** What tells it from copies of it, see `storedMark`: one of them may be sound where another is not. */
  stored: digest,
  share,
  /** How it is done, as JSON; sealed where the backup is encrypted. */
  options: v.pipe(v.string(), v.maxLength(LONGEST_OPTIONS)),
};

export const workSchema = v.variant('kind', [
  /** The range is sealed in an encrypted run. */
  v.object({ kind: v.literal('capture'), range: keyRange }),
  v.object({ kind: v.literal('verify'), ...sharedWork }),
  /** `target`: the store to restore into, as the head names it. */
  v.object({
    kind: v.literal('restore'),
    ...sharedWork,
    target: v.pick(summarySchema.entries.source, ['name', 'endpoint']),
  }),
]);

export type Work = v.InferOutput<typeof workSchema>;
export type SharedWork = Exclude<Work, { kind: 'capture' }>;

/** What a worker is told. Whatever else it needs is in its own settings and at its own destination. */
export type WorkerJob<W extends Work = Work> = W & {
  format: 1;
  /** The id of the run or backup, and a token of the head: that of the plan where there is one. */
  run: string;
  token: string;
  /** Name and version of the program of the head. */
  tool: string;
  number: number;
  attempt: number;
};

export interface WorkHooks {
  signal: AbortSignal;
  onProgress: (counts: { objects: number; bytes: number }) => void;
  warn: (line: string) => void;
}

/** What a worker has done. */
export interface WorkDone {
  objects: number;
  bytes: number;
  /** The id of the part that was captured. */
  part?: string | undefined;
  /** The answer to the head, as text. */
  result?: string | undefined;
}

/** One answer, in bytes, before it is sealed: it lies in Redis until the head has read it. */
const LONGEST_ANSWER_BYTES = 200_000;
/** All answers of a head. */
const ALL_ANSWERS_BYTES = 64 * 1024 * 1024;

/** Returns how long the answer about a share may be, in bytes. The more shares there are, the shorter it is. */
export function longestAnswerBytes({ of }: Pick<Share, 'of'>): number {
  return Math.min(LONGEST_ANSWER_BYTES, Math.floor(ALL_ANSWERS_BYTES / of));
}

/** An answer that is sealed is longer by a third. In characters. */
export const LONGEST_SEALED_ANSWER = 300_000;
