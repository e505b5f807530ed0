import { describe, expect, it } from 'vitest';
import { chainProblems, dependentsFirst, referrers } from '../../../src/repository/chain.js';
import type { BackupEntry } from '../../../src/repository/destination.js';
import { idAt, backupEntry, summaryOf, unreadableBackup } from '../../helpers/summaries.js';

const at = (day: number): string => `2024-01-0${day}T02:00:00.000Z`;
const id = (day: number): string => idAt(at(day));
const made = (day: number, ...references: number[]) => ({
  at: at(day),
  sequence: day,
  references: references.map(id),
});

describe('the problems of chains', () => {
  const problemsOf = (...backups: BackupEntry[]) =>
    chainProblems(backups).map((problem) => [problem.id, problem.kind]);

  it('are none where all archives have their lengths', () => {
    expect(problemsOf(backupEntry(made(1)), backupEntry(made(2, 1)))).toEqual([]);
  });

  it('are those of a backup, and of each that refers to it', () => {
    for (const [archiveBytes, kind] of [
      [null, 'archive_missing'],
      [99, 'archive_length'],
      [101, 'archive_length'],
    ] as const) {
      const broken = backupEntry(made(1), { archiveBytes });
      expect(problemsOf(broken, backupEntry(made(2, 1)), backupEntry(made(3)))).toEqual([
        [id(1), kind],
        [id(2), kind],
      ]);
    }
  });

  it('are a sidecar that is missing or cut off, for its own backup alone', () => {
    const withSidecar = (day: number, sidecarBytes: number | null, ...references: number[]) => {
      const entry = backupEntry(made(day, ...references), { sidecarBytes });
      if (entry.summary.kind === 'valid') {
        const place = { header: 'aa', nonce: 'aa', bytes: 100 };
        const record = { ...place, index: { ...place, sha256: '0'.repeat(64) } };
        entry.summary.summary.encryption = {
          ...{ scheme: 'age', recipients: [] },
          archives: Object.fromEntries([day, ...references].map((one) => [id(one), record])),
        };
      }
      return entry;
    };
    expect(problemsOf(withSidecar(1, 100), withSidecar(2, 100, 1))).toEqual([]);
    expect(problemsOf(withSidecar(1, null), withSidecar(2, 100, 1))).toEqual([
      [id(1), 'sidecar_missing'],
    ]);
    expect(problemsOf(withSidecar(1, 99), withSidecar(2, 101, 1))).toEqual([
      [id(1), 'sidecar_length'],
      [id(2), 'sidecar_length'],
    ]);
  });

  it('name what is not there at all', () => {
    expect(chainProblems([backupEntry(made(2, 1))])).toEqual([
      {
        id: id(2),
        kind: 'reference_missing',
        message: `it refers to ${id(1)}, which is missing`,
      },
    ]);
  });

  it('are cold archives, unless their length is wrong: that is worse', () => {
    const cold = backupEntry(made(1), { cold: true });
    expect(problemsOf(cold, backupEntry(made(2, 1)))).toEqual([
      [id(1), 'archive_cold'],
      [id(2), 'archive_cold'],
    ]);
    const short = backupEntry(made(1), { cold: true, archiveBytes: 99 });
    expect(problemsOf(short)).toEqual([[id(1), 'archive_length']]);
  });

  it('of an unreadable summary are its own, as long as its archive is there', () => {
    const unreadable = { ...unreadableBackup(at(1)), id: id(1) };
    const newer: BackupEntry = {
      ...unreadable,
      id: id(2),
      summary: { kind: 'newer', version: 2 },
    };
    expect(problemsOf(unreadable, newer, backupEntry(made(3, 1, 2)))).toEqual([
      [id(1), 'summary_damaged'],
      [id(2), 'summary_newer'],
    ]);
  });
});

describe('the referrers of a backup', () => {
  const backups = [made(1), made(2, 1), made(3, 2), made(4, 1, 2)].map((one) => backupEntry(one));

  it('are those roots that need it, by whatever way', () => {
    expect(referrers(backups, [id(3), id(4)])).toEqual(
      new Map([
        [id(2), [id(3), id(4)]],
        [id(1), [id(3), id(4)]],
      ]),
    );
  });

  it('are found also where summaries refer to themselves, and in a ring', () => {
    const ring = [made(1, 2), made(2, 1, 2)].map((one) => backupEntry(one));
    expect(referrers(ring, [id(2)])).toEqual(new Map([[id(1), [id(2)]]]));
  });
});

describe('the order of removal', () => {
  const order = (...backups: ReturnType<typeof made>[]) =>
    dependentsFirst(backups.map((one) => summaryOf(one))).map((summary) => summary.sequence);

  it('is newest first', () => {
    expect(order(made(1), made(2), made(3))).toEqual([3, 2, 1]);
  });

  it('puts what refers to something before it, even to something newer', () => {
    expect(order(made(1, 3), made(2), made(3, 2))).toEqual([1, 3, 2]);
  });

  it('ends where summaries refer to one another in a ring', () => {
    expect(order(made(1, 2), made(2, 1)).sort()).toEqual([1, 2]);
  });
});
