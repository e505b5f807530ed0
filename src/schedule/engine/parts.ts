import type { ScheduledEntry } from '../crontab/entry.js';
import type { DaemonLog } from '../log.js';
import type { Runner } from '../run/firing-record.js';
import type { RunRecord } from '../state/record.js';
import type { EntryState, PendingFiring } from '../state/state.js';
import type { Lease } from './claims.js';
import type { LedgerStore } from './ledger.js';

/** The parts that the engine depends on. */
export interface EngineParts {
  now: () => Date;
  /** Returns a number from 0 up to, but not including, 1. */
  random: () => number;
  /** The most runs at once. */
  atOnce: number;
  runner: Runner;
  /** `undefined` where no other daemon shares the schedule. */
  lease: Lease | undefined;
  store: LedgerStore;
  /** `undefined` where nobody is notified. */
  notifier: RunNotifier | undefined;
  log: DaemonLog;
}

/** Is notified of runs. Its methods return at once and never throw. */
export interface RunNotifier {
  started(firing: PendingFiring, entry: ScheduledEntry): void;
  /** `entry` is `undefined` where it was removed from the schedule meanwhile. */
  recorded(
    record: RunRecord,
    entry: ScheduledEntry | undefined,
    state: EntryState | undefined,
  ): void;
}
