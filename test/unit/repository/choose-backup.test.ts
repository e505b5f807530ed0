import { describe, expect, it } from 'vitest';
import { chooseBackup } from '../../../src/repository/choose-backup.js';
import type { ListedBackup } from '../../../src/repository/destination.js';
import type { Summary } from '../../../src/repository/summary.js';
import { summaryOf as made } from '../../helpers/summaries.js';

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
    expect(choice).toEqual({ backup: good, passedOver: [{ id: newer.id, reason }] });
  });

  it('is one of metadata only where documents are all that is wanted', () => {
    const metadata = listed(summaryOf(2, NEWER, { type: 'metadata' }));
    const among = [good, metadata];
    expect(chooseBackup(among, undefined, '/b')).toEqual({ backup: good, passedOver: [] });
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
    expect(choice).toEqual({ backup: expected, passedOver: [] });
  });

  it('tells of an unreadable one only from the time in its name on', () => {
    const at = (until: string) => chooseBackup([good, damaged], new Date(until), '/b').passedOver;
    expect(at('2024-01-16T01:59:59.999Z')).toEqual([]);
    expect(at(NEWER)).toHaveLength(1);
  });

  it('is not found before the first', () => {
    expect(() => chooseBackup([good], new Date('2024-01-15T01:59:59.999Z'), '/b')).toThrow(
      'no complete backup of 2024-01-15T01:59:59.999Z or before in /b',
    );
  });
});
