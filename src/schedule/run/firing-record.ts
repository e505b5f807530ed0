import type { ScheduledEntry } from '../crontab/entry.js';
import type { RunRecord } from '../state/record.js';
import type { PendingFiring } from '../state/state.js';

/** How a child process ended. */
export interface ChildEnd {
  /** `null` where a signal ended it, or it could not be begun. */
  exitCode: number | null;
  /** Details that the exit code does not give, for people. */
  reason: string | null;
  /** From the answer of the command; `null` where it did not say. */
  bytes: number | null;
  archiveBytes: number | null;
}

/** A run that is under way. */
export interface Child {
  process: PendingFiring['process'];
  /** Never rejects. */
  ended: Promise<ChildEnd>;
  /** Ends it; the reason goes into its record. Can be called again. */
  end(reason: string): void;
}

/** Runs the commands of entries. */
export interface Runner {
  /**
   * Starts the command of an entry. `logFile` is relative to the state folder. Never rejects: a
   * command that cannot be started counts as one that has ended.
   */
  start(entry: ScheduledEntry, logFile: string): Promise<Child>;
}

type Firing = Pick<PendingFiring, 'id' | 'name' | 'due_at' | 'trigger'>;

/** Returns the record of a firing that was not run. */
export function unrunRecord(
  { id, name, due_at, trigger }: Firing,
  result: 'skipped' | 'missed',
  reason: string,
  count = 1,
): RunRecord {
  return {
    ...{ id, name, due_at, trigger, result, reason, count },
    ...{ started_at: null, finished_at: null, exit_code: null },
    ...{ bytes: null, archive_bytes: null, log_file: null },
  };
}

/** Returns the record of one that was run; `finishedAt` is `null` where nobody saw its end. */
export function ranRecord(
  firing: PendingFiring,
  { exitCode, reason, bytes, archiveBytes }: ChildEnd,
  finishedAt: Date | null,
): RunRecord {
  const { id, name, due_at, trigger, started_at, waited, log_file } = firing;
  return {
    ...{ id, name, due_at, trigger, started_at, log_file, reason, bytes },
    result: waited ? 'waited' : 'run',
    finished_at: finishedAt?.toISOString() ?? null,
    exit_code: exitCode,
    archive_bytes: archiveBytes,
    count: 1,
  };
}
