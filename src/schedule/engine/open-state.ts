import type { LockOwner } from '../../lock/claim.js';
import { isKnownAlive } from '../../lock/owner.js';
import { readHistory } from '../state/history.js';
import { hasRun } from '../state/record.js';
import type { EntryState, ScheduleState } from '../state/state.js';
import { emptyState } from '../state/state.js';
import { readState, setStateAside } from '../state/state-file.js';
import type { DaemonLog } from '../log.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import { timingText } from './slot.js';

/**
 * The state that the daemon before has left. One that cannot be used is kept aside and told of; what
 * the history knows takes its place, so that nothing that was missed is lost.
 */
export async function openState(
  folder: string,
  entries: readonly ScheduledEntry[],
  { now, log }: { now: Date; log: DaemonLog },
): Promise<ScheduleState | undefined> {
  const read = await readState(folder);
  if (read.kind === 'none') return undefined;
  if (read.kind === 'read') return read.state;
  const file = await setStateAside(folder, now);
  log.warn({ file, reason: read.reason }, 'the state cannot be used and is kept aside');
  return await stateFromHistory(folder, entries, now);
}

async function stateFromHistory(
  folder: string,
  entries: readonly ScheduledEntry[],
  now: Date,
): Promise<ScheduleState> {
  const { records } = await readHistory(folder);
  const states: Record<string, EntryState> = {};
  for (const entry of entries) {
    const own = records.filter(({ name }) => name === entry.name);
    const byClock = own.filter(({ trigger }) => trigger !== 'manual').map(({ due_at }) => due_at);
    // A clock that was ahead must not keep the entry from running until it is as late again.
    const newestDue = byClock
      .filter((due) => Date.parse(due) <= now.getTime())
      .sort()
      .at(-1);
    if (newestDue === undefined) continue;
    states[entry.name] = {
      timing: timingText(entry),
      handled_until: newestDue,
      last_started_due: newestDue,
      last_run: own.find(hasRun) ?? null,
      last_success_at: own.find(({ exit_code }) => exit_code === 0)?.finished_at ?? null,
    };
  }
  return { ...emptyState(now), entries: states };
}

/** Those of the runs that a dead daemon left which go on without it, by the id of the firing. */
export async function stillRunning(
  state: ScheduleState | undefined,
  observer: LockOwner,
): Promise<ReadonlyMap<string, LockOwner>> {
  const alive = new Map<string, LockOwner>();
  for (const { id, process } of state?.pending ?? []) {
    if (process !== null && (await isKnownAlive(process, observer))) alive.set(id, process);
  }
  return alive;
}
