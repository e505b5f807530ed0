import * as v from 'valibot';
import { runRecord } from './record.js';

const text = v.string();
const instant = v.pipe(text, v.isoTimestamp());

export const STATE_VERSION = 1;

/** Identifies a process, so that another one with the same pid is not mistaken for it. */
const processOwner = v.object({
  host: text,
  pid: v.number(),
  command: text,
  process: v.nullable(v.object({ bootId: text, namespaces: text, startTicks: text })),
});

/** A firing that waits or runs. */
const pendingFiring = v.object({
  id: text,
  name: text,
  due_at: instant,
  trigger: v.picklist(['cron', 'catch-up', 'manual']),
  started_at: v.nullable(instant),
  waited: v.boolean(),
  log_file: v.nullable(text),
  process: v.nullable(processOwner),
});

const entryState = v.object({
  /** Time fields and zone; where they change, the entry begins anew. */
  timing: text,
  /** Firings up to this time are dealt with. */
  handled_until: instant,
  /** The due time of the last firing that was started by the clock. */
  last_started_due: v.nullable(instant),
  last_run: v.nullable(runRecord),
  last_success_at: v.nullable(instant),
});

/** The state that a daemon saves for the next one. */
export const scheduleState = v.object({
  version: v.literal(STATE_VERSION),
  saved_at: instant,
  entries: v.record(text, entryState),
  pending: v.array(pendingFiring),
  /** Records that may not be in the history yet. */
  outbox: v.array(runRecord),
});

export type ScheduleState = v.InferOutput<typeof scheduleState>;
export type EntryState = v.InferOutput<typeof entryState>;
export type PendingFiring = v.InferOutput<typeof pendingFiring>;

export function emptyState(now: Date): ScheduleState {
  return {
    version: STATE_VERSION,
    saved_at: now.toISOString(),
    entries: {},
    pending: [],
    outbox: [],
  };
}
