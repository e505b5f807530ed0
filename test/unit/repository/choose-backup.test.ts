import { describe, expect, it } from 'vitest';
import { type LineScope, chooseBackup } from '../../../src/repository/choose-backup.js';
import type { ListedBackup } from '../../../src/repository/destination.js';
import type { Summary } from '../../../src/repository/summary.js';
import { type Made, idAt, listedBackup, summaryOf as made } from '../../helpers/summaries.js';

function summaryOf(sequence: number, at: string, fields: Partial<Summary> = {}): Summary {
  const { type = 'full' } = fields;
  return { ...made({ sequence, at, type }), ...fields };
}

function listed(
  summary: Summary,
  archiveBytes: number | null = 100,
  expired = false,
): ListedBackup {
  return { id: summary.id, summary: { kind: 'valid', summary }, archiveBytes, expired };
}

const good = listed(summaryOf(1, '2024-01-15T02:00:00.000Z'));
const NEWER = '2024-01-16T02:00:00.000Z';
const damaged: ListedBackup = {
  id: 'minio_backup_full_20240116_020000',
  summary: { kind: 'damaged', reason: 'the summary is not JSON' },
  archiveBytes: 100,
  expired: false,
};

describe('the newest backup', () => {
  it.each<[string, ListedBackup, string]>([
    ['partial', listed(summaryOf(2, NEWER, { status: 'partial' })), 'it is partial'],
    ['suspect', listed(summaryOf(2, NEWER, { status: 'suspect' })), 'it is suspect'],
    ['expired', listed(summaryOf(2, NEWER), 100, true), 'it has expired'],
    ['damaged', damaged, 'the summary is not JSON'],
    [
      'of a newer format',
      { ...damaged, summary: { kind: 'newer', version: 9 } },
      'it has the newer format version 9',
    ],
    [
      'without its archive',
      listed(summaryOf(2, NEWER), null),
      'the archive of minio_backup_full_20240116_020000 is missing',
    ],
    [
      'short of its archive',
      listed(summaryOf(2, NEWER), 99),
      'the archive of minio_backup_full_20240116_020000 does not have the length that its summary says',
    ],
    [
      'short of an archive it refers to',
      listed(summaryOf(2, NEWER, { references: ['minio_backup_full_20230101_000000'] })),
      'the archive of minio_backup_full_20230101_000000 is missing',
    ],
  ])('is passed over where it is %s', (_, newer, reason) => {
    const choice = chooseBackup([good, newer], undefined, '/backups');
    expect(choice).toMatchObject({ backup: good, passedOver: [{ id: newer.id, reason }] });
  });

  it('is one of metadata only where documents are all that is wanted', () => {
    const metadata = listed(summaryOf(2, NEWER, { type: 'metadata' }));
    const among = [good, metadata];
    expect(chooseBackup(among, undefined, '/b')).toMatchObject({ backup: good, passedOver: [] });
    expect(chooseBackup(among, undefined, '/b', 'documents').backup).toBe(metadata);
  });

  it('is the last made, where the clock went back', () => {
    const later = listed(summaryOf(2, '2024-01-14T02:00:00.000Z'));
    expect(chooseBackup([good, later], undefined, '/backups').backup).toBe(later);
  });

  it('is not found where none is complete, and the newest is told', () => {
    expect(() => chooseBackup([damaged], undefined, '/backups')).toThrow(
      /no complete backup in \/backups; the newest, minio_backup_full_20240116_020000, .*not JSON/,
    );
  });
});

describe('the newest backup at a time', () => {
  const second = listed(summaryOf(2, NEWER));

  it.each([
    ['that it was made at', NEWER, second],
    ['a millisecond before the next', '2024-01-16T01:59:59.999Z', good],
  ])('counts the instant %s', (_, until, expected) => {
    const choice = chooseBackup([good, second], new Date(until), '/backups');
    expect(choice).toMatchObject({ backup: expected, passedOver: [] });
  });

  it('tells of an unreadable one only from the time in its name on', () => {
    const at = (until: string) => chooseBackup([good, damaged], new Date(until), '/b').passedOver;
    expect(at('2024-01-16T01:59:59.999Z')).toEqual([]);
    expect(at(NEWER)).toHaveLength(1);
  });

  it('is not found before the first', () => {
    expect(() => chooseBackup([good], new Date('2024-01-15T01:59:59.999Z'), '/b')).toThrow(
      'no complete backup made by 2024-01-15T01:59:59.999Z in /b',
    );
  });
});

describe('where there are several lines', () => {
  const at = (day: number) => `2024-01-${20 + day}T02:00:00.000Z`;
  const on = (day: number, fields: Partial<Made> = {}) =>
    listedBackup({ at: at(day), sequence: day, buckets: ['alpha', 'temp'], ...fields });
  const temp = { source: { buckets: ['temp'] }, buckets: ['temp'] };
  const backups = [on(1), on(2, { buckets: ['temp'] }), on(3, temp)];
  const choose = (scope: LineScope, from: ListedBackup[] = backups) =>
    chooseBackup(from, undefined, '/b', 'objects', scope);
  const idOf = (day: number) => idAt(at(day));

  it('is refused, and the lines are named', () => {
    const refusal = { code: 'usage', hint: expect.stringContaining('--line NAME') as unknown };
    for (const scope of [{}, { ambiguous: 'refuse' } as const]) {
      expect(() => choose(scope)).toThrow(expect.objectContaining(refusal) as Error);
      expect(() => choose(scope)).toThrow(
        `2 lines:\n  - 127.0.0.1:9000 (newest ${idOf(2)})\n  - 127.0.0.1:9000/temp (newest ${idOf(3)})`,
      );
    }
  });

  it('is of the widest selection for who only reads, and says so', () => {
    expect(choose({ ambiguous: 'widest' })).toMatchObject({
      backup: { id: idOf(2) },
      line: '127.0.0.1:9000',
      otherLines: ['127.0.0.1:9000/temp'],
      passedOver: [],
    });
    const except = { source: { excluded_buckets: ['temp'] } };
    const wide = choose({ ambiguous: 'widest' }, [
      on(1, except),
      ...backups.slice(1),
      on(4, except),
    ]);
    expect(wide.backup.id).toBe(idOf(2));
  });

  it('is of the newer of two stores, where both are whole', () => {
    const other = { source: { endpoint: 'http://other.example.com' } };
    expect(choose({ ambiguous: 'widest' }, [on(1), on(2, other)]).backup.id).toBe(idOf(2));
  });

  it('is of the line that is named', () => {
    expect(choose({ line: '127.0.0.1:9000/temp' }).backup.id).toBe(idOf(3));
    expect(() => choose({ line: 'nothing' })).toThrow('no line nothing');
  });

  it('is the newest of any line that has the bucket', () => {
    expect(choose({ buckets: ['alpha'] })).toMatchObject({
      backup: { id: idOf(1) },
      passedOver: [{ id: idOf(2), reason: 'it does not hold alpha' }],
    });
    expect(choose({ buckets: ['temp'] })).toMatchObject({
      backup: { id: idOf(3) },
      passedOver: [],
    });
    expect(choose({ buckets: ['alpha', 'temp'] }).backup.id).toBe(idOf(1));
    expect(() => choose({ buckets: ['beta'] })).toThrow('no complete backup with beta in /b');
  });

  it('needs no decision where all others have ended, or hold no objects, or came later', () => {
    const retired = { ...on(3, temp), retired: true };
    expect(choose({}, [...backups.slice(0, 2), retired]).backup.id).toBe(idOf(2));
    expect(choose({}, [retired]).backup.id).toBe(idOf(3));
    const metadata = on(3, { ...temp, type: 'metadata' });
    expect(choose({}, [...backups.slice(0, 2), metadata]).backup.id).toBe(idOf(2));
    expect(chooseBackup(backups, new Date(at(2)), '/b').backup.id).toBe(idOf(2));
  });

  it('is trusted: what follows a suspect uncompared is passed over', () => {
    const suspect = on(2, { status: 'suspect' });
    expect(choose({}, [on(1), suspect, on(3)])).toMatchObject({
      backup: { id: idOf(1) },
      passedOver: [
        {
          id: idOf(3),
          reason: `it follows the suspect ${idOf(2)} and was not compared with a trusted one`,
        },
        { id: idOf(2), reason: 'it is suspect' },
      ],
    });
  });
});
