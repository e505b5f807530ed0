import type { LockOwner } from '../../lock/claim.js';
import { isKnownAlive } from '../../lock/owner.js';
import { readHistory } from '../state/history.js';
import type { PendingFiring, RunRecord } from '../state/record.js';
import { hasRun, ranRecord, unrunRecord } from '../state/record.js';
import type { EntryState, ScheduleState } from '../state/state.js';
import { emptyState, readState, setStateAside } from '../state/state.js';
import type { DaemonLog } from '../log.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import { timingText } from '../crontab/firings.js';
import type { TrackedEntry } from './entry-table.js';

/**
 * Reads the state that the last daemon saved. A state that cannot be used is kept aside with a warning;
 * what the history knows takes its place, so that no missed firing is lost.
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
    // A state from a clock that was ahead must not stop the entry until that time is reached again.
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

/** Returns the runs of a dead daemon that go on without it, by the id of the firing. */
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

/**
 * Decides whether a firing that a dead daemon had started or queued is run again: not if a newer one is
 * due anyway, nor if an operator requested it.
 */
export function isMadeUpFor(
  { trigger }: PendingFiring,
  { entry, nextMs }: Pick<TrackedEntry, 'entry' | 'nextMs'>,
  now: Date,
): boolean {
  const isNewerDue = nextMs !== undefined && nextMs <= now.getTime();
  return entry.catchup === 'once' && !isNewerDue && trigger !== 'manual';
}

/** Returns the record of a firing that a dead daemon had started or queued and that is not run again. */
export function lostRecord(firing: PendingFiring): RunRecord {
  if (firing.started_at === null) {
    return unrunRecord(firing, 'missed', 'the daemon ended before the run started');
  }
  const reason = 'it was cut off: the daemon ended first';
  return ranRecord(firing, { exit_code: null, reason, bytes: null, archive_bytes: null }, null);
}
