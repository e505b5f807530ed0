import { describeOwner, isKnownDead } from '../../lock/owner.js';
import type { Entry } from '../../schedule/crontab/entry.js';
import { entryStatuses, type EntryStatus } from '../../schedule/reports.js';
import type { PendingFiring } from '../../schedule/state/record.js';
import { holderOf, readRecordedState } from '../../schedule/state/recorded.js';
import { emptyState, type ScheduleState } from '../../schedule/state/state.js';

export interface Daemon {
  pid: number;
  host: string;
  since: string;
}

/** What `schedule status` tells. */
export interface ScheduleStatus {
  daemon: Daemon | null;
  entries: EntryStatus[];
  state: KnownState;
}

type KnownState =
  | { kind: 'read' | 'none'; state: ScheduleState }
  | { kind: 'unusable'; state: undefined; reason: string };

export interface StatusRequest {
  /** The absolute path of the state folder. */
  folder: string;
  now: Date;
  signal: AbortSignal;
  /** The maximum age of the last success of each entry. */
  maxAgeMs: number | undefined;
}

export async function readStatus(
  entries: readonly Entry[],
  { folder, now, signal, maxAgeMs }: StatusRequest,
): Promise<ScheduleStatus> {
  const daemon = await daemonOf(folder, { now, signal });
  const known = await readKnownState(folder, now);
  const hasEnded = await endedAmong(known.state?.pending ?? [], daemon !== null);
  const statuses = entryStatuses(entries, known.state, { now, maxAgeMs, hasEnded });
  return { daemon, entries: statuses, state: known };
}

async function daemonOf(
  folder: string,
  look: { now: Date; signal: AbortSignal },
): Promise<Daemon | null> {
  const held = await holderOf(folder, look);
  if (held === undefined) return null;
  const { owner, since } = held.holder;
  return { pid: owner.pid, host: owner.host, since };
}

async function readKnownState(folder: string, now: Date): Promise<KnownState> {
  const read = await readRecordedState(folder);
  if (read.kind === 'read') return read;
  if (read.kind === 'none') return { kind: 'none', state: emptyState(now) };
  return { kind: 'unusable', state: undefined, reason: read.reason };
}

/**
 * A daemon that was killed leaves its runs as if they went on. They do where their processes are there
 * still; of those that it left without one nothing is known, but that nobody looks after them.
 */
async function endedAmong(
  pending: readonly PendingFiring[],
  hasDaemon: boolean,
): Promise<(firing: PendingFiring) => boolean> {
  const observer = await describeOwner('look');
  const ended = new Set<string>();
  for (const { id, process } of pending) {
    const isOver = process === null ? !hasDaemon : await isKnownDead(process, observer);
    if (isOver) ended.add(id);
  }
  return ({ id }) => ended.has(id);
}
