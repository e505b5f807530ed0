import * as v from 'valibot';
import { runRecord } from './record.js';

const text = v.string();
const instant = v.pipe(text, v.isoTimestamp());

export const STATE_VERSION = 1;

/** Which process it is, so that another one with the same id is not taken for it. */
const processOwner = v.object({
  host: text,
  pid: v.number(),
  command: text,
  process: v.nullable(v.object({ bootId: text, namespaces: text, startTicks: text })),
});

/** A firing that has not come to its end. */
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
  /** Time and zone; where they have changed, the schedule of the entry begins anew. */
  timing: text,
  /** Firings up to here are dealt with. */
  handled_until: instant,
  /** The latest that was begun by the clock. */
  last_started_due: v.nullable(instant),
  last_run: v.nullable(runRecord),
  last_success_at: v.nullable(instant),
});

/** What a daemon leaves to the next one. */
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
