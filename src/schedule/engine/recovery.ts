import type { LockOwner } from '../../lock/claim.js';
import { isKnownAlive } from '../../lock/owner.js';
import { ranRecord, unrunRecord } from '../run/firing-record.js';
import { readHistory } from '../state/history.js';
import type { RunRecord } from '../state/record.js';
import { hasRun } from '../state/record.js';
import type { EntryState, PendingFiring, ScheduleState } from '../state/state.js';
import { emptyState } from '../state/state.js';
import { readState, setStateAside } from '../state/state-file.js';
import type { DaemonLog } from '../log.js';
import type { ScheduledEntry } from '../crontab/entry.js';
import type { WaitingFiring } from './admission.js';
import type { TrackedEntry } from './entry-table.js';
import { timingText } from './entry-table.js';

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

type Recovery =
  | { kind: 'record'; record: RunRecord }
  | {
      kind: 'catch-up';
      entry: ScheduledEntry;
      due: Pick<WaitingFiring, 'id' | 'dueMs' | 'trigger'>;
    };

/**
 * Decides what happens to a firing that a dead daemon had started or queued: it is run again, or
 * recorded as cut off or missed. `tracked` is `undefined` where its entry left the schedule.
 */
export function recoverFiring(
  firing: PendingFiring,
  tracked: Pick<TrackedEntry, 'entry' | 'nextMs'> | undefined,
  now: Date,
): Recovery {
  const isNewerDue = tracked?.nextMs !== undefined && tracked.nextMs <= now.getTime();
  const isMadeUpFor = tracked?.entry.catchup === 'once' && !isNewerDue;
  if (tracked !== undefined && isMadeUpFor && firing.trigger !== 'manual') {
    const due = { id: firing.id, dueMs: Date.parse(firing.due_at), trigger: 'catch-up' } as const;
    return { kind: 'catch-up', entry: tracked.entry, due };
  }
  if (firing.started_at === null) {
    const reason = 'the daemon ended before the run started';
    return { kind: 'record', record: unrunRecord(firing, 'missed', reason) };
  }
  const reason = 'it was cut off: the daemon ended first';
  const end = { exitCode: null, reason, bytes: null, archiveBytes: null };
  return { kind: 'record', record: ranRecord(firing, end, null) };
}
