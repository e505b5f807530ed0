import type { RunRecord } from '../state/record.js';
import type { PendingFiring } from '../state/state.js';

/** How a child process came to its end. */
export interface ChildEnd {
  /** `null` where a signal ended it, or it could not be begun. */
  exitCode: number | null;
  /** What is not to be read off the exit code; for people. */
  reason: string | null;
  /** As the command told in its answer. */
  bytes: number | null;
  archiveBytes: number | null;
}

/** A run that is under way. */
export interface Child {
  process: PendingFiring['process'];
  /** Never rejects. */
  ended: Promise<ChildEnd>;
  /** Asks it to end, and makes it; the reason is told in its record. Can be called again. */
  end(reason: string): void;
}

type Firing = Pick<PendingFiring, 'id' | 'name' | 'due_at' | 'trigger'>;

/** Of a firing that was not run. */
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

/** Of one that was; `finishedAt` is `null` where nobody saw its end. */
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
