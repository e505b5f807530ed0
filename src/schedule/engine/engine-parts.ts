import type { RunRecord } from '../state/record.js';
import type { EntryState, PendingFiring } from '../state/state.js';
import type { Child } from '../run/firing-record.js';
import type { LedgerStore } from './ledger.js';
import type { DaemonLog } from '../log.js';
import type { ScheduledEntry } from '../crontab/entry.js';

/** What a claim of a firing came to, where several daemons share a schedule. */
export type Claimed = { kind: 'ours' | 'unavailable' } | { kind: 'taken'; by: string };

export interface EngineParts {
  now: () => Date;
  /** From 0 up to 1. */
  random: () => number;
  /** Begins the command of an entry. Never rejects: what cannot be begun has ended. */
  begin: (entry: ScheduledEntry, logFile: string) => Promise<Child>;
  /** In the state folder, of this run. */
  logFileFor: (entry: ScheduledEntry, startedAt: Date) => string;
  /** `undefined` where the daemon is alone. */
  claim: ((name: string, dueMs: number) => Promise<Claimed>) | undefined;
  store: LedgerStore;
  log: DaemonLog;
  onStarted: (firing: PendingFiring, entry: ScheduledEntry) => void;
  /** `entry` is `undefined` where it was taken out of the schedule meanwhile. */
  onRecord: (
    record: RunRecord,
    entry: ScheduledEntry | undefined,
    state: EntryState | undefined,
  ) => void;
  /** Runs at once. */
  atOnce: number;
}
