import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bySequence, nextSequence } from '../../../src/repository/history.js';
import { backupEntry, unreadableBackup } from '../../helpers/summaries.js';

const AT = '2024-01-15T02:00:00.000Z';
const LATER = '2024-01-15T03:00:00.000Z';
const HIGHEST = Number.MAX_SAFE_INTEGER;

describe('the next sequence number', () => {
  it('is one more than the highest, whatever the order and what cannot be read', () => {
    expect(nextSequence([])).toBe(1);
    const listed = [7, 3].map((sequence) => backupEntry({ at: AT, sequence }));
    expect(nextSequence([unreadableBackup(AT), ...listed])).toBe(8);
  });

  it('is always one that a summary can hold', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: HIGHEST })), (sequences) => {
        const listed = sequences.map((sequence) => backupEntry({ at: AT, sequence }));
        const next = nextSequence(listed);
        expect(Number.isSafeInteger(next)).toBe(true);
        for (const sequence of sequences) expect(next).toBeGreaterThanOrEqual(sequence);
      }),
    );
    expect(nextSequence([backupEntry({ at: AT, sequence: HIGHEST })])).toBe(HIGHEST);
  });
});

describe('the order of backups', () => {
  it('is that of their numbers, then of the times in their ids, whatever their type', () => {
    const sorted = [
      backupEntry({ at: LATER, sequence: 1, type: 'incremental' }),
      backupEntry({ at: AT, sequence: 2, type: 'metadata' }),
      backupEntry({ at: LATER, sequence: 2, type: 'full' }),
      backupEntry({ at: LATER, sequence: 2, type: 'incremental' }),
      unreadableBackup(AT),
    ];
    expect([...sorted].reverse().sort(bySequence)).toEqual(sorted);
  });
});
