import type { PendingFiring } from '../state/state.js';
import type { Child } from '../run/firing-record.js';
import type { WaitingFiring } from './plan.js';
import type { ScheduledEntry } from '../crontab/entry.js';

/** A firing that is begun, until it has ended. */
export interface Run {
  entry: ScheduledEntry | undefined;
  name: string;
  destination: string | undefined;
  firing: PendingFiring;
  /** `undefined` while it is begun. */
  child: Child | undefined;
  /** Why it is to end as soon as it has begun. */
  endReason: string | undefined;
}

/** One that is not begun yet. */
export interface Waiting extends WaitingFiring {
  /** Whether it could have begun before, but for something else. */
  waited: boolean;
}

/** Of the clock: its id is the entry and the time. */
export function firingOf(name: string, at: Date) {
  const due_at = at.toISOString();
  return { id: `${name}@${due_at}`, name, due_at };
}

/** As the state has it. */
export function pendingOf({ id, entry, dueMs, trigger, waited }: Waiting): PendingFiring {
  return {
    ...{ id, name: entry.name, due_at: new Date(dueMs).toISOString(), trigger, waited },
    ...{ started_at: null, log_file: null, process: null },
  };
}

/** Also one that is only just begun. */
export function endRun(run: Run, reason: string): void {
  if (run.child === undefined) run.endReason = reason;
  else run.child.end(reason);
}
