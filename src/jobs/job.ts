/** What the parts of a list of jobs know of a job, and what they come to together. */

/** The states of BullMQ, with `paused` for what waits in a queue that is paused. */
export const QUEUE_STATES = [
  'waiting',
  'paused',
  'prioritized',
  'delayed',
  'waiting-children',
  'active',
  'completed',
  'failed',
] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

/** What users ask for. A billing record can hold others, which are shown as they are. */
export const STATUSES = ['pending', 'processing', 'completed', 'failed'] as const;
export type Status = (typeof STATUSES)[number];

/** A job that is in the queue. What its hash does not hold, or not in a known form, is `null`. */
export interface QueueJob {
  queue: string;
  id: string;
  state: QueueState;
  name: string | null;
  /** The parsed JSON; the text where it is not JSON, which `problems` then says. */
  data: unknown;
  /** The user id in the data. */
  userId: string | null;
  /** Paths of the uploaded files, of the data. */
  files: readonly string[] | null;
  /** 0 to 100. */
  progress: number | null;
  /** What was reported as progress where that is more than a number, else `null`. */
  progressDetail: unknown;
  createdAt: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  attemptsMade: number | null;
  /** The options of the queue: attempts, delay, priority and so on. */
  options: Readonly<Record<string, unknown>>;
  failedReason: string | null;
  /** The newest last; of several attempts. */
  stacktrace: readonly string[];
  returnValue: unknown;
  /** What could not be read, for people. */
  problems: readonly string[];
}
