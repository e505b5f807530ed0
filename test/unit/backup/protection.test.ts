import { describe, expect, it } from 'vitest';
import { type LockOptions, Protection } from '../../../src/backup/protection.js';
import type { Destination } from '../../../src/repository/destination.js';
import type { DestinationLocks, LockProof } from '../../../src/repository/locks.js';

const clock = { now: () => new Date('2024-01-01T00:00:00Z'), sleep: () => Promise.resolve() };

async function prepared(locks: Partial<DestinationLocks>, proof?: LockProof) {
  const calls: string[] = [];
  const warnings: string[] = [];
  const remembered: LockProof[] = [];
  const destination = {
    location: 's3://b',
    locks: {
      check: () => Promise.resolve(calls.push('check')),
      clearProofs: () => {
        calls.push('clear');
        return Promise.resolve([]);
      },
      prove: () => Promise.resolve(calls.push('prove') > 0 ? 'resists' : 'unproved'),
      clockAheadMs: () => undefined,
      extend: () => Promise.resolve([]),
      ...locks,
    },
  } as unknown as Destination;
  const options: LockOptions = {
    ...{ mode: 'GOVERNANCE', days: 3, proof },
    onProved: (found) => Promise.resolve(void remembered.push(found)),
  };
  const parts = { destination, clock, warn: (line: string) => warnings.push(line) };
  const protection = await Protection.prepare(parts, options);
  return { protection, calls, warnings, remembered };
}

describe('the protection of a backup', () => {
  it('proves the locks of a destination of which nothing is known, once', async () => {
    const first = await prepared({});
    expect(first).toMatchObject({ calls: ['check', 'clear', 'prove'], remembered: ['resists'] });
    expect((await prepared({}, 'resists')).calls).toEqual(['check', 'clear']);
  });

  it('lasts for the days from the time of the backup', async () => {
    const { protection } = await prepared({}, 'resists');
    expect(protection.retentionOf(new Date('2024-01-30T12:00:00Z'))).toEqual({
      ...{ mode: 'GOVERNANCE', until: '2024-02-02T12:00:00.000Z' },
    });
  });

  it.each([
    [7_200_000, 'is 120 minutes ahead, so locks end 120 minutes early'],
    [-600_000, 'is 10 minutes behind, so locks end 10 minutes late'],
  ])('says that the clock of the server is off by %i ms', async (aheadMs, words) => {
    const { protection, warnings } = await prepared({ clockAheadMs: () => aheadMs }, 'resists');
    expect(warnings.join()).toContain(words);
    const { notices } = await protection.extend(new Date(), []);
    expect(notices.join()).toContain(words);
  });

  it('says nothing of a clock that is right, or not told', async () => {
    expect((await prepared({ clockAheadMs: () => 900 }, 'resists')).warnings).toEqual([]);
    expect((await prepared({}, 'resists')).warnings).toEqual([]);
  });

  it('says that nothing is proved where the keys may delete nothing', async () => {
    const { warnings } = await prepared({}, 'unproved');
    expect(warnings.join()).toContain('it is not proved that it keeps them');
  });
});
