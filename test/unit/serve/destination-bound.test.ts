import { describe, expect, it } from 'vitest';
import type { DestinationContent } from '../../../src/reports/backups/list.js';
import type { BackupEntry } from '../../../src/repository/destination.js';
import { withinBound } from '../../../src/serve/destination-bound.js';
import { backupEntry, unreadableBackup } from '../../helpers/summaries.js';

/** A backup of an hour in November with so many failures. */
function backup(hour: number, failures = 0, reason = 'gone'): BackupEntry {
  const entry = backupEntry({ at: `2026-11-29T0${hour}:00:00Z`, sequence: hour });
  if (entry.summary.kind === 'valid')
    entry.summary.summary.failures = Array.from({ length: failures }, (_, at) => ({
      ...{ bucket: 'originals', key: `k${at}` },
      reason,
    }));
  return entry;
}

const location = '/backups';
const legacy: DestinationContent['legacy'] = [];
const bytesIn = ({ summary }: BackupEntry): number =>
  summary.kind === 'valid' ? Buffer.byteLength(JSON.stringify(summary.summary)) : 0;
const bytesOf = (backups: readonly BackupEntry[]): number =>
  backups.reduce((sum, one) => sum + bytesIn(one), 0);
const failuresIn = ({ summary }: BackupEntry) =>
  summary.kind === 'valid'
    ? [summary.summary.failures.length, summary.summary.failures_omitted]
    : summary.kind;

describe('the content of a destination within a bound', () => {
  it('is as it was if it fits, to the last byte', () => {
    const backups = [backup(1, 500), unreadableBackup('2026-11-29T02:00:00Z'), backup(3)];
    const content = { location, backups, legacy };
    expect(withinBound(content, bytesOf(backups))).toBe(content);
  });

  it('loses failures first, which are counted', () => {
    const backups = [backup(1, 100), backup(2, 101), backup(3, 5000)];
    const kept = withinBound({ location, backups, legacy }, bytesOf(backups) - 1);
    expect(kept.backups.map(failuresIn)).toEqual([
      [100, 0],
      [100, 1],
      [100, 4900],
    ]);
    // What was read is left as it is.
    expect(backups.map(failuresIn)[2]).toEqual([5000, 0]);
  });

  it('then loses summaries, the oldest first, and names them', () => {
    const backups = [backup(1), backup(2), unreadableBackup('2026-11-29T02:30:00Z'), backup(3)];
    const content = { location, backups, legacy };
    const kept = withinBound(content, bytesOf(backups) - 1);
    expect(kept.backups.map(({ id }) => id)).toEqual(backups.map(({ id }) => id));
    expect(kept.backups.map(({ summary }) => summary)).toEqual([
      { kind: 'damaged', reason: 'the summaries here are too large to be kept' },
      ...backups.slice(1).map(({ summary }) => summary),
    ]);
    expect(withinBound(content, 0).backups.every(({ summary }) => summary.kind === 'damaged')).toBe(
      true,
    );
    for (let most = 0; most <= bytesOf(backups); most += 100)
      expect(bytesOf(withinBound(content, most).backups)).toBeLessThanOrEqual(most);
  });

  it('counts bytes, of which a character has up to four', () => {
    const backups = [backup(1, 50, '\u{1F600}'.repeat(100)), backup(2, 50, 'é'.repeat(100))];
    for (const most of [bytesOf(backups) - 1, bytesIn(backups[1]!), bytesIn(backups[1]!) - 1])
      expect(bytesOf(withinBound({ location, backups, legacy }, most).backups)).toBeLessThanOrEqual(
        most,
      );
  });
});
