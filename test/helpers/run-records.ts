import type { RunRecord } from '../../src/schedule/state/record.js';
import { emptyState, type EntryState, type ScheduleState } from '../../src/schedule/state/state.js';

let made = 0;

/** A run of `daily` that went well in 90 s, but for what is given. */
export function runRecord(given: Partial<RunRecord> = {}): RunRecord {
  return {
    id: `run-${++made}`,
    name: 'daily',
    due_at: '2026-01-01T02:00:00.000Z',
    started_at: '2026-01-01T02:00:00.000Z',
    finished_at: '2026-01-01T02:01:30.000Z',
    exit_code: 0,
    result: 'run',
    trigger: 'cron',
    reason: null,
    bytes: 1024,
    archive_bytes: 512,
    copied_bytes: 300,
    log_file: 'logs/daily.log',
    count: 1,
    ...given,
  };
}

/** A firing that was not run. */
export function notRun(result: 'skipped' | 'missed', given: Partial<RunRecord> = {}): RunRecord {
  return runRecord({
    ...{ result, started_at: null, finished_at: null, exit_code: null, bytes: null },
    ...{ archive_bytes: null, log_file: null, reason: 'the machine was off', ...given },
  });
}

export function entryState(given: Partial<EntryState> = {}): EntryState {
  return {
    timing: '0 2 * * * UTC',
    handled_until: '2026-01-01T02:00:00.000Z',
    last_started_due: null,
    last_run: null,
    last_success_at: null,
    ...given,
  };
}

export function scheduleState(given: Partial<ScheduleState> = {}): ScheduleState {
  return { ...emptyState(new Date('2026-01-01T02:02:00.000Z')), ...given };
}
