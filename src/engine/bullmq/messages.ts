import * as v from 'valibot';
import { type ErrorCode, MangamotionError, isErrorCode } from '../../errors.js';
import {
  LONGEST_SEALED_ANSWER,
  type WorkerJob,
  workNumber,
  workSchema,
} from '../../workers/work.js';

/** What is in the jobs of the queue, as text that anybody with access to Redis may have written. */

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const shortText = v.pipe(v.string(), v.maxLength(200));

export const JOB_FORMAT = 1;

const jobSchema = v.intersect([
  v.object({
    format: v.literal(JOB_FORMAT),
    run: shortText,
    token: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    tool: shortText,
    number: workNumber,
    attempt: v.pipe(count, v.minValue(1)),
  }),
  workSchema,
]);

/** Reads the data of a job. Throws `refused` for one that this version does not understand. */
export function readJob(data: unknown): WorkerJob {
  const read = v.safeParse(jobSchema, data);
  if (read.success) return read.output;
  const format = v.safeParse(v.object({ format: v.number() }), data);
  const isNewer = format.success && format.output.format !== JOB_FORMAT;
  throw new MangamotionError(
    'refused',
    isNewer
      ? `the job has format ${format.output.format}, which this version does not know`
      : `the job is not one of ours: ${v.getDotPath(read.issues[0]) ?? 'it'} is wrong`,
    { hint: 'Run the same version of this program on the head and on all workers.' },
  );
}

const progressSchema = v.object({
  /** Counts the reports, so that a head sees each without comparing clocks. */
  report: count,
  worker: shortText,
  objects: count,
  bytes: count,
  /** Since the worker began, in ms, by its own clock. */
  elapsed_ms: count,
});

/** How far a worker has come, as it is in the job. */
export type JobProgress = v.InferOutput<typeof progressSchema>;

/** Reads the progress of a job; `undefined` for a job without, or with something else. */
export function readProgress(text: string | null): JobProgress | undefined {
  if (text === null) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), progressSchema), text);
  return read.success ? read.output : undefined;
}

export interface JobFailure {
  code: ErrorCode;
  message: string;
}

/** A message for people; the rest of a longer one is cut off. */
const LONGEST_MESSAGE = 1000;

/** Returns the reason of a failure, as it is in the job. */
export function failureText({ code, message }: JobFailure): string {
  return JSON.stringify({ code, message: message.slice(0, LONGEST_MESSAGE) });
}

const failureSchema = v.object({
  code: v.pipe(v.string(), v.guard(isErrorCode)),
  message: v.string(),
});

/** What BullMQ writes where the lock of a job was not renewed. */
const STALLED = 'job stalled more than allowable limit';

/** Reads the reason of a failure. */
export function readFailure(text: string | null): JobFailure {
  if (text === STALLED) {
    return {
      code: 'unreachable',
      message: 'the worker was lost: it was killed, or could not reach Redis any more',
    };
  }
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), failureSchema), text);
  if (read.success) return read.output;
  return { code: 'internal', message: (text ?? 'no reason is given').slice(0, LONGEST_MESSAGE) };
}

const answerSchema = v.object({ result: v.pipe(v.string(), v.maxLength(LONGEST_SEALED_ANSWER)) });

/** Reads what a worker has answered; `undefined` for a job without an answer, or with something else. */
export function readAnswer(text: string | null): string | undefined {
  // Escapes make a text at most six times as long.
  if (text === null || text.length > 6 * LONGEST_SEALED_ANSWER + 1000) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), answerSchema), text);
  return read.success ? read.output.result : undefined;
}
