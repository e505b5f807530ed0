import * as v from 'valibot';
import { isErrorCode } from '../../errors.js';
import { LONGEST_SEALED_ANSWER, type WorkerJob } from '../../workers/work.js';

/** What a process that works on a shard and the one that started it tell each other. */

export type FromParent = { kind: 'job'; job: WorkerJob } | { kind: 'end' };

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** A process that is short of memory may write anything. */
const fromChild = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({ kind: v.literal('progress'), objects: count, bytes: count }),
  v.object({ kind: v.literal('warning'), line: v.string() }),
  v.object({
    kind: v.literal('done'),
    done: v.object({
      ...{ objects: count, bytes: count, part: v.optional(v.string()) },
      result: v.optional(v.pipe(v.string(), v.maxLength(LONGEST_SEALED_ANSWER))),
    }),
  }),
  v.object({
    kind: v.literal('failed'),
    code: v.pipe(v.string(), v.guard(isErrorCode)),
    message: v.string(),
    hint: v.nullable(v.string()),
  }),
]);

export type FromChild = v.InferOutput<typeof fromChild>;

/** Reads a message of a child; `undefined` for one that is none of these. */
export function readFromChild(message: unknown): FromChild | undefined {
  const read = v.safeParse(fromChild, message);
  return read.success ? read.output : undefined;
}

/** How often a child reports, also where nothing has changed: one that hangs is silent. */
export const REPORT_EVERY_MS = 1_000;
