/** The states of BullMQ; `paused` is the state of a job that waits in a paused queue. */
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

/** The statuses that users select. A billing record can have others, which are shown as they are. */
export const STATUSES = ['pending', 'processing', 'completed', 'failed'] as const;
export type Status = (typeof STATUSES)[number];

/**
 * A job that is in the queue. A field that is absent, or not of a known form, is `null`. A job of a list
 * has only what a row shows: name, data, files, options, stack traces and the return value are not read.
 */
export interface QueueJob {
  queue: string;
  id: string;
  state: QueueState;
  name: string | null;
  /** The parsed JSON. Data that are not JSON are the text, and `problems` says so. */
  data: unknown;
  /** The user id in the data. */
  userId: string | null;
  /** The paths of the uploaded files, from the data. */
  files: readonly string[] | null;
  fileCount: number | null;
  /** A percentage as it was reported: a worker may report more than 100. */
  progress: number | null;
  /** The reported progress if it is not a number, else `null`. */
  progressDetail: unknown;
  createdAt: Date | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  attemptsMade: number | null;
  /** The options of the queue: attempts, delay, priority and so on. */
  options: Readonly<Record<string, unknown>>;
  failedReason: string | null;
  /** One for each attempt, the newest last. */
  stacktrace: readonly string[];
  returnValue: unknown;
  /** When a delayed job becomes ready. */
  dueAt: Date | null;
  /** The number of children that a parent in a flow still waits for. */
  childrenWaiting: number | null;
  /** Whether an active job has lost the lock of its worker; `null` for other states. */
  stalled: boolean | null;
  /** Messages for people about fields that could not be read. */
  problems: readonly string[];
  /** Messages for people about fields that are odd, or shown in part. */
  notes: readonly string[];
}
