import { describe, expect, it } from 'vitest';
import type { BackupEntry } from '../../../src/repository/destination.js';
import { growthOf } from '../../../src/repository/growth.js';
import { nextExpiry } from '../../../src/repository/retention/expiry.js';
import { type StatusOptions, destinationStatus, isLate } from '../../../src/repository/status.js';
import { type Made, idAt, backupEntry, unreadableBackup } from '../../helpers/summaries.js';

const NOW = new Date('2024-01-31T12:00:00.000Z');
const HOUR_MS = 3_600_000;

const on = (day: number, made: Partial<Made> = {}): Made => ({
  at: `2024-01-${String(day).padStart(2, '0')}T12:00:00.000Z`,
  sequence: day,
  ...made,
});
const full = (day: number): string => idAt(on(day).at);

const status = (backups: readonly BackupEntry[], question: Partial<StatusOptions> = {}) =>
  destinationStatus(backups, { now: NOW, retentionDays: 30, ...question });

describe('freshness', () => {
  const backups = [on(29), on(30, { type: 'incremental' }), on(31, { type: 'metadata' })].map(
    (made) => backupEntry(made),
  );
  const fresh = (question: Partial<StatusOptions>) => status(backups, question).freshness;

  it('is that of the newer of full and incremental', () => {
    expect(fresh({})).toEqual({
      status: 'fresh',
      types: ['full', 'incremental'],
      newest_complete: {
        id: idAt(on(30).at, 'incremental'),
        created_at: on(30).at,
        age_seconds: 86_400,
      },
      max_age_seconds: null,
    });
  });

  it('lasts until the age is over the limit, not at it', () => {
    expect(fresh({ maxAgeMs: 24 * HOUR_MS }).status).toBe('fresh');
    expect(fresh({ maxAgeMs: 24 * HOUR_MS - 1 }).status).toBe('overdue');
  });

  it('is asked of one kind alone', () => {
    expect(fresh({ maxAgeMs: 24 * HOUR_MS, type: 'full' }).status).toBe('overdue');
    expect(fresh({ maxAgeMs: HOUR_MS, type: 'metadata' }).status).toBe('fresh');
  });

  it('is missing where no backup is complete', () => {
    const bad = [
      backupEntry(on(29, { status: 'partial' })),
      backupEntry(on(30, { status: 'suspect' })),
      backupEntry(on(31, { type: 'metadata' })),
      unreadableBackup(on(31).at),
    ];
    expect(status(bad).freshness).toMatchObject({ status: 'missing', newest_complete: null });
    expect(status([]).freshness.status).toBe('missing');
  });

  it('goes by the sequence where the clock went back', () => {
    const back = [on(30, { sequence: 1 }), on(2, { sequence: 2 })].map((made) => backupEntry(made));
    expect(status(back, { maxAgeMs: 48 * HOUR_MS }).freshness).toMatchObject({
      status: 'overdue',
      newest_complete: { id: full(2) },
    });
  });

  it('is not granted to a backup whose time is not a time', () => {
    const odd = backupEntry(on(30));
    if (odd.summary.kind === 'valid') odd.summary.summary.created_at = 'just now';
    expect(status([odd], { maxAgeMs: HOUR_MS }).freshness).toMatchObject({
      status: 'overdue',
      newest_complete: { age_seconds: null },
    });
  });
});

describe('of several lines', () => {
  const temp = { source: { buckets: ['temp'] } };
  const [main, other] = ['127.0.0.1:9000', '127.0.0.1:9000/temp'];
  const check = (backups: (Made | BackupEntry)[], question: Partial<StatusOptions> = {}) => {
    const listed = backups.map((one) => ('at' in one ? backupEntry(one) : one));
    const answer = status(listed, { maxAgeMs: 48 * HOUR_MS, ...question });
    return {
      late: isLate(answer),
      line: answer.line,
      newest: answer.freshness.newest_complete?.id,
      lines: answer.lines.map(({ line, status: its }) => [line, its]),
    };
  };

  it('each with two backups has to be fresh', () => {
    expect(check([on(1), on(2), on(30, temp), on(31, temp)])).toEqual({
      late: true,
      line: main,
      newest: full(2),
      lines: [
        [main, 'overdue'],
        [other, 'fresh'],
      ],
    });
    expect(check([on(1, temp), on(2, temp), on(30), on(31)])).toMatchObject({ late: true });
    expect(check([on(30, temp), on(30), on(31, temp), on(31)])).toMatchObject({ late: false });
  });

  it('one with a single backup is no series', () => {
    expect(check([on(1, temp), on(30), on(31)])).toMatchObject({ late: false, line: main });
    expect(check([on(1), on(30, temp), on(31, temp)])).toMatchObject({ late: false, line: other });
  });

  it('the widest counts where none has two', () => {
    expect(check([on(1), on(31, temp)])).toMatchObject({ late: true, line: main });
    expect(check([on(31), on(1, temp)])).toMatchObject({ late: false, line: main });
  });

  it('one alone can be asked for, and has to be there', () => {
    const backups = [on(1), on(2), on(30, temp), on(31, temp)];
    expect(check(backups, { line: other })).toMatchObject({ late: false, newest: full(31) });
    expect(() => check(backups, { line: 'nothing' })).toThrow('no such line: nothing');
  });

  it('one that was retired alarms no more, also where there is no other', () => {
    const retired = backupEntry(on(2), { retired: true });
    expect(check([on(1), retired, on(30, temp), on(31, temp)])).toMatchObject({
      late: false,
      line: other,
    });
    expect(check([on(1), retired])).toMatchObject({ late: false, lines: [[main, 'retired']] });
  });

  it('a suspect makes none fresh', () => {
    expect(check([on(1), on(31, { status: 'suspect' })])).toMatchObject({
      late: true,
      newest: full(1),
    });
  });
});

describe('the chains', () => {
  const newer: BackupEntry = { ...backupEntry(on(1)), summary: { kind: 'newer', version: 2 } };

  it('are ok, broken, or unknown where only a newer version knows', () => {
    expect(status([backupEntry(on(30))]).chains).toEqual({
      status: 'ok',
      checked: 1,
      problems: [],
    });
    expect(status([backupEntry(on(30)), newer]).chains.status).toBe('unknown');
    expect(status([backupEntry(on(30)), newer, unreadableBackup(on(2).at)]).chains).toMatchObject({
      status: 'broken',
      checked: 3,
    });
  });
});

describe('the bytes', () => {
  it('are those that lie there, in all and of each kind', () => {
    const answer = status([
      backupEntry(on(1)),
      backupEntry(on(2), { archiveBytes: null }),
      backupEntry(on(3, { type: 'metadata', archiveBytes: 7 })),
      unreadableBackup(on(4).at),
    ]);
    expect(answer.archive_bytes).toBe(207);
    expect(
      answer.kinds.map(({ type, backups, archive_bytes }) => [type, backups, archive_bytes]),
    ).toEqual([
      ['full', 2, 100],
      ['incremental', 1, 100],
      ['metadata', 1, 7],
    ]);
  });
});

describe('growth', () => {
  const growth = (...days: number[]) =>
    growthOf(
      days.map((day) => backupEntry(on(day))),
      NOW,
    );

  it('is what came after the oldest, by the days since then', () => {
    expect(growth(3, 10, 17, 24)).toEqual({
      bytes_per_day: 14,
      since: on(3).at,
      until: on(24).at,
    });
  });

  it('looks back 30 days, the 30th included', () => {
    expect(growth(1, 31)?.since).toBe(on(1).at);
    const before = backupEntry({ at: '2024-01-01T11:59:59.000Z', sequence: 0 });
    expect(growthOf([before, backupEntry(on(31))], NOW)).toBeNull();
  });

  it('is not told by less than a day, nor by what comes from the future', () => {
    const later = { at: '2024-01-31T11:59:59.999Z', sequence: 31 };
    expect(growthOf([backupEntry(on(30)), backupEntry(later)], NOW)).toBeNull();
    expect(growth(30, 31)?.bytes_per_day).toBe(100);
    const ahead = on(31, { at: '2024-02-02T12:00:00.000Z' });
    expect(growthOf([backupEntry(on(30)), backupEntry(ahead)], NOW)).toBeNull();
    expect(growth()).toBeNull();
  });
});

describe('the next expiry', () => {
  const expiry = (days: number, ...backups: Made[]) =>
    nextExpiry(
      backups.map((made) => backupEntry(made)),
      days,
    );

  it('is when the oldest is no longer younger than the days', () => {
    expect(expiry(10, on(5), on(20), on(21))).toEqual({
      at: '2024-01-15T12:00:00.000Z',
      ids: [full(5)],
    });
  });

  it('waits for the last that refers to it', () => {
    const incremental = on(6, { type: 'incremental', references: [full(5)] });
    expect(expiry(10, on(5), incremental, on(20))).toEqual({
      at: '2024-01-16T12:00:00.000Z',
      ids: [full(5), idAt(on(6).at, 'incremental')],
    });
  });

  it('never comes for the last complete full', () => {
    expect(expiry(10, on(5))).toBeNull();
    expect(expiry(10)).toBeNull();
  });

  it('is not told while retention is suspended', () => {
    const backups = [on(5), on(20), on(21, { type: 'incremental', status: 'suspect' })];
    const { retention } = status(backups.map((made) => backupEntry(made)));
    expect(retention).toEqual({
      days: 30,
      suspended_by: idAt(on(21).at, 'incremental'),
      next_expiry: null,
    });
  });
});
