import { describe, expect, it } from 'vitest';
import type { BackupEntry } from '../../../../src/repository/destination.js';
import { findParent, predecessorOf, whyNoParent } from '../../../../src/repository/lines/parent.js';
import { type Made, idAt, backupEntry, unreadableBackup } from '../../../helpers/summaries.js';

const on = (day: number, made: Partial<Made> = {}): Made => ({
  at: `2024-01-0${day}T02:00:00.000Z`,
  sequence: day,
  ...made,
});
const id = (day: number, type: Made['type'] = 'full') => idAt(on(day).at, type);
const source = { endpoint: 'http://localhost:9000', buckets: null, excluded_buckets: [] };

const first = backupEntry(on(1));

describe('the parent of an incremental', () => {
  const parentOf = (...backups: BackupEntry[]) => findParent(backups, source)?.id;

  it('is the newest trusted backup of its line', () => {
    expect(parentOf(first, backupEntry(on(2)))).toBe(id(2));
    expect(parentOf(first, backupEntry(on(2, { status: 'suspect' })))).toBe(id(1));
    expect(parentOf(first, backupEntry(on(2, { source: { buckets: ['temp'] } })))).toBe(id(1));
    expect(parentOf(first, backupEntry(on(2, { type: 'metadata' })))).toBe(id(1));
    const superseding = on(2, { status: 'partial', supersedes: true });
    expect(parentOf(first, backupEntry(superseding))).toBe(id(2));
    expect(parentOf()).toBeUndefined();
  });

  it('is never a partial one that lacks what an older one holds', () => {
    expect(parentOf(first, backupEntry(on(2, { status: 'partial' })))).toBe(id(1));
    const lacking = on(2, { status: 'partial', supersedes: false });
    expect(parentOf(first, backupEntry(lacking))).toBe(id(1));
  });

  it('has its archives', () => {
    expect(parentOf(first, backupEntry(on(2), { archiveBytes: null }))).toBe(id(1));
    const torn = on(2, { type: 'incremental', references: [id(9)] });
    expect(parentOf(first, backupEntry(torn))).toBe(id(1));
  });

  it('has none of its archives in cold storage', () => {
    const cold = backupEntry(on(1), { cold: true });
    const onCold = backupEntry(on(2, { type: 'incremental', references: [id(1)] }));
    expect(parentOf(cold, onCold)).toBeUndefined();
    expect(parentOf(cold, onCold, backupEntry(on(3)))).toBe(id(3));
    const why = `the archive of ${id(1)} is in cold storage`;
    expect(whyNoParent(onCold, [cold, onCold], source)).toBe(why);
    expect(predecessorOf([cold, onCold], source)?.unreadable).toBe(why);
  });

  it.each<[string, BackupEntry, string]>([
    ['suspect', backupEntry(on(2, { status: 'suspect' })), 'it is suspect'],
    ['of metadata', backupEntry(on(2, { type: 'metadata' })), 'it holds no objects'],
    [
      'of other buckets',
      backupEntry(on(2, { source: { excluded_buckets: ['temp'] } })),
      'it is a backup of other buckets',
    ],
    [
      'of another store',
      backupEntry(on(2, { source: { endpoint: 'http://other' } })),
      'it is a backup of http://other, not of http://localhost:9000',
    ],
    [
      'without its archive',
      backupEntry(on(2), { archiveBytes: null }),
      `the archive of ${id(2)} is missing`,
    ],
    ['damaged', unreadableBackup(on(2).at), 'the summary is not JSON'],
  ])('cannot be one that is %s', (_, backup, reason) => {
    expect(whyNoParent(backup, [first, backup], source)).toBe(reason);
  });

  it('can be any trusted one of its line, under another spelling of the endpoint', () => {
    expect(whyNoParent(first, [first, backupEntry(on(2))], source)).toBeUndefined();
  });
});

describe('the predecessor of a backup', () => {
  it('is the newest trusted one of its line, also where its archive is missing', () => {
    const torn = backupEntry(on(2), { archiveBytes: null });
    const others = [backupEntry(on(3, { status: 'suspect' })), backupEntry(on(4))];
    expect(predecessorOf([first, torn, ...others], source)).toMatchObject({
      backup: { id: id(2) },
      summary: { sequence: 2 },
      unreadable: `the archive of ${id(2)} is missing`,
    });
    expect(predecessorOf([first], source)).toMatchObject({ unreadable: undefined });
  });

  it('is none for the first of a line', () => {
    expect(predecessorOf([], source)).toBeUndefined();
    expect(predecessorOf([first], { ...source, buckets: ['temp'] })).toBeUndefined();
  });
});
