import { describe, expect, it } from 'vitest';
import type { EntryDocument, RunDocument } from '../../../src/web/data/documents.js';
import {
  dayAfter,
  dayOf,
  dayText,
  hoursOf,
  lanesOf,
  marksOf,
  nowIn,
} from '../../../src/web/schedule/day.js';
import {
  hasFailed,
  reasonOf,
  refusalText,
  resultOf,
  tookText,
} from '../../../src/web/schedule/runs.js';

const now = new Date('2026-11-24T12:00:00Z');

function run(change: Partial<RunDocument> = {}): RunDocument {
  return {
    ...{ id: 'a@1', name: 'a', due_at: '2026-11-24T06:00:00.000Z', trigger: 'cron', result: 'run' },
    ...{ started_at: '2026-11-24T06:00:00.000Z', finished_at: '2026-11-24T07:12:00.000Z' },
    ...{ exit_code: 0, reason: null, bytes: null, archive_bytes: null, log_file: null, count: 1 },
    ...change,
  };
}

const unrun = { started_at: null, finished_at: null, exit_code: null } as const;

function entry(change: Partial<EntryDocument> = {}): EntryDocument {
  return {
    ...{ name: 'a', command: 'backup full /mnt', state: 'idle', running_since: null, zone: 'UTC' },
    ...{ next_at: null, last_run: null, last_success_at: null, overdue: null },
    ...change,
  };
}

describe('what came of a run', () => {
  it.each([
    [{}, 'ran'],
    [{ result: 'waited' }, 'ran late'],
    [{ exit_code: 3 }, 'failed'],
    [{ exit_code: null }, 'failed'],
    [{ ...unrun, result: 'missed' }, 'missed'],
    [{ ...unrun, result: 'skipped' }, 'skipped'],
  ] as const)('%j', (change, word) => expect(resultOf(run(change)).word).toBe(word));
  it('did not fail if it did not run', () => {
    expect(hasFailed(run({ ...unrun, result: 'missed' }))).toBe(false);
  });
  it('has a duration if its end was seen', () => {
    expect(tookText(run())).toBe('1 h 12 m');
    expect(tookText(run({ finished_at: null }))).toBeUndefined();
  });
  it('has reasons', () => {
    expect(reasonOf(run())).toBeUndefined();
    expect(reasonOf(run({ trigger: 'manual', reason: 'exit status 4' }))).toBe(
      'exit status 4; run by hand',
    );
    expect(reasonOf(run({ count: 3 }))).toBe('stands for 3 runs');
  });
});

describe('a refused Run now', () => {
  it('is told plainly', () => {
    expect(refusalText('a', 409, 'Locked')).toContain('already running');
    expect(refusalText('a', 503, 'No daemon is running')).toContain('no daemon is running. Start');
    expect(refusalText('a', 404, 'The schedule has no such entry')).toBe(
      'a was not started: the schedule has no such entry.',
    );
  });
});

describe('a day', () => {
  it('is named by the query, or else today', () => {
    expect(dayOf('2026-11-20', now)).toBe('2026-11-20');
    expect(dayOf('2026-02-31', now)).toBe('2026-11-24');
    expect(dayOf('x', now)).toBe('2026-11-24');
    expect(dayAfter('2026-11-30', 1)).toBe('2026-12-01');
    expect(dayText('2026-11-24')).toContain('24 November');
  });
  it('has what was done, runs and is due', () => {
    const source = {
      entries: [entry({ running_since: '2026-11-24T11:00:00.000Z' }), entry({ name: 'b' })],
      upcoming: [{ name: 'b', at: '2026-11-24T18:00:00.000Z', command: '', zone: 'UTC' }],
      ...{ runs: [run()], now },
    };
    const [a, b] = lanesOf('2026-11-24', source);
    expect(a?.items.map(({ kind }) => kind)).toEqual(['done', 'running']);
    expect(a?.items[0]).toMatchObject({ x: 25, width: 5 });
    expect(b?.items).toMatchObject([{ kind: 'due', x: 75, width: 0 }]);
  });
  it('cuts what began the day before, and keeps entries that are no more', () => {
    const runs = [run({ name: 'old', started_at: '2026-11-23T23:00:00.000Z' })];
    const [lane] = lanesOf('2026-11-24', { entries: [], upcoming: [], runs, now });
    expect(lane).toMatchObject({ name: 'old', items: [{ x: 0, width: 30 }] });
  });
  it('has now only today, and no hour next to it', () => {
    expect(nowIn('2026-11-24', now)).toBe(50);
    expect(nowIn('2026-11-23', now)).toBeUndefined();
    expect(hoursOf(50).map(({ hour }) => hour)).not.toContain(12);
    expect(hoursOf(undefined)).toHaveLength(9);
  });
});

describe('marks of a lane', () => {
  const items = (kind: 'due' | 'done' | 'failed', minutes: readonly number[]) =>
    minutes.map((minute) => {
      const at = new Date(Date.parse('2026-11-24T00:00:00Z') + minute * 60_000).toISOString();
      const x = (minute / 1440) * 100;
      return { kind, name: 'a', word: 'due', at, took: undefined, x, width: 0 };
    });
  it('are one band where they are due every few minutes', () => {
    const [band, ...others] = marksOf(items('due', [0, 30, 60, 90]));
    expect(band).toMatchObject({ count: 4, x: 0, width: 6.25, until: '2026-11-24T01:30:00.000Z' });
    expect(others).toEqual([]);
  });
  it('are drawn one by one where there is room, or there are few of them', () => {
    expect(marksOf(items('due', [0, 60, 120, 180, 240])).map(({ count }) => count)).toHaveLength(5);
    expect(marksOf(items('due', [0, 5, 10]))).toHaveLength(3);
    expect(marksOf(items('done', [0, 30, 60, 90, 120]))).toHaveLength(5);
  });
  it('never hide a failure among others', () => {
    const marks = marksOf([
      ...items('done', [0, 5, 10, 15]),
      ...items('failed', [20]),
      ...items('done', [25, 30, 35, 40]),
    ]);
    expect(marks.map(({ kind, count }) => [kind, count])).toEqual([
      ['done', 4],
      ['failed', 1],
      ['done', 4],
    ]);
  });
});
