import { describe, expect, it } from 'vitest';
import { parseCrontab } from '../../../src/schedule/crontab/crontab.js';
import {
  type EntryStatusOptions,
  entryStatuses,
  namesOf,
  selectRuns,
  withOutbox,
} from '../../../src/schedule/reports.js';
import type { PendingFiring } from '../../../src/schedule/state/record.js';
import type { ScheduleState } from '../../../src/schedule/state/state.js';
import { entryState, notRun, runRecord, scheduleState } from '../../helpers/run-records.js';

const NOW = new Date('2026-01-02T00:00:00.000Z');
const HOUR_MS = 3_600_000;
const text = [
  '# name=daily',
  "0 2 * * * backup full '/mnt/my backup'",
  '# name=constructor',
  '0 3 * * 0 backup full /b',
].join('\n');
const { entries } = parseCrontab(text, { zone: 'UTC', now: NOW });

const statuses = (state: ScheduleState | undefined, question: Partial<EntryStatusOptions> = {}) =>
  entryStatuses(entries, state, {
    ...{ now: NOW, maxAgeMs: undefined, hasEnded: () => false, ...question },
  });

const firing = (given: Partial<PendingFiring> = {}): PendingFiring => ({
  id: 'a',
  name: 'daily',
  due_at: '2026-01-01T02:00:00.000Z',
  trigger: 'cron',
  started_at: '2026-01-01T02:00:01.000Z',
  waited: false,
  log_file: null,
  process: null,
  ...given,
});

describe('the status of an entry', () => {
  it('without a state is its command and when it runs next, whatever its name is', () => {
    const nothing = {
      ...{ state: 'idle', running_since: null, last_run: null, last_success_at: null },
      overdue: null,
      zone: 'UTC',
    };
    expect(statuses(scheduleState())).toEqual([
      {
        ...{ name: 'daily', command: "backup full '/mnt/my backup'", ...nothing },
        next_at: '2026-01-02T02:00:00.000Z',
      },
      {
        ...{ name: 'constructor', command: 'backup full /b', ...nothing },
        next_at: '2026-01-04T03:00:00.000Z',
      },
    ]);
    expect(statuses(undefined)).toEqual(statuses(scheduleState()));
  });

  it('has its last run and its last success, which may be another one', () => {
    const last_run = runRecord({ exit_code: 6 });
    const last_success_at = '2025-12-31T02:01:00.000Z';
    const state = scheduleState({ entries: { daily: entryState({ last_run, last_success_at }) } });
    expect(statuses(state)[0]).toMatchObject({ last_run, last_success_at, overdue: null });
  });

  it('is running since it was begun, though another firing waits', () => {
    const waiting = firing({ id: 'b', started_at: null });
    const state = scheduleState({ pending: [waiting, firing()] });
    expect(statuses(state)[0]).toMatchObject({
      ...{ state: 'running', running_since: '2026-01-01T02:00:01.000Z' },
    });
    expect(statuses(scheduleState({ pending: [waiting] }))[0]).toMatchObject({
      ...{ state: 'waiting', running_since: null },
    });
    expect(statuses(state)[1]?.state).toBe('idle');
  });

  it('is not running where what was begun has ended with its daemon', () => {
    const state = scheduleState({ pending: [firing()] });
    expect(statuses(state, { hasEnded: ({ id }) => id === 'a' })[0]).toMatchObject({
      ...{ state: 'idle', running_since: null },
    });
  });
});

describe('an entry', () => {
  const overdue = (last_success_at: string | null, maxAgeMs: number | undefined) =>
    statuses(scheduleState({ entries: { daily: entryState({ last_success_at }) } }), {
      maxAgeMs,
    }).map((row) => row.overdue);

  it('is overdue when its last success is older than the limit, not at it', () => {
    const at = new Date(NOW.getTime() - 26 * HOUR_MS).toISOString();
    expect(overdue(at, 26 * HOUR_MS)).toEqual([false, true]);
    expect(overdue(at, 26 * HOUR_MS - 1)).toEqual([true, true]);
    expect(overdue(at, undefined)).toEqual([null, null]);
  });

  it('is overdue where it never succeeded, or nobody can tell when', () => {
    expect(overdue(null, 1e12)).toEqual([true, true]);
    expect(overdue('2026-99-99T00:00:00Z', 1e12)).toEqual([true, true]);
  });

  it('is neither where the state cannot be read', () => {
    expect(statuses(undefined, { maxAgeMs: 1 }).map((row) => row.overdue)).toEqual([null, null]);
  });
});

const well = runRecord();
const inPart = runRecord({ exit_code: 3 });
const killed = runRecord({ name: 'weekly', exit_code: null, reason: 'SIGKILL' });
const late = runRecord({ result: 'waited' });
const skipped = notRun('skipped');
const missed = notRun('missed', { count: 12 });
const ALL = [well, inPart, killed, late, skipped, missed];
const question = { name: undefined, failedOnly: false, limit: 20 };

describe('the runs of a history', () => {
  it('that failed are those without status 0 and those missed, not those skipped', () => {
    expect(selectRuns(ALL, { ...question, failedOnly: true })).toEqual([inPart, killed, missed]);
  });

  it('are counted after they were chosen, so that a limit never hides a failure', () => {
    const chosen = selectRuns([...Array.from({ length: 50 }, () => well), killed], {
      ...{ name: 'weekly', failedOnly: true, limit: 1 },
    });
    expect(chosen).toEqual([killed]);
    expect(selectRuns(ALL, { ...question, limit: 2 })).toEqual([well, inPart]);
  });

  it('of one name are not those of a name that begins with it', () => {
    const other = runRecord({ name: 'daily-2' });
    expect(selectRuns([other, well], { ...question, name: 'daily' })).toEqual([well]);
  });

  it('have what was not written yet in front, each once', () => {
    const [older, newer] = [runRecord(), runRecord()];
    expect(withOutbox([well], { outbox: [well, older, newer] })).toEqual([newer, older, well]);
  });

  it('and the state tell which names there are', () => {
    const entries = { hourly: entryState(), daily: entryState() };
    expect(namesOf(ALL, { entries })).toEqual(['daily', 'hourly', 'weekly']);
    expect(namesOf([], { entries: {} })).toEqual([]);
  });
});
