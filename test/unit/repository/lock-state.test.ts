import { expect, it } from 'vitest';
import type { Retention } from '../../../src/object-store/port.js';
import { readHeldLock } from '../../../src/repository/lock-state.js';
import type { DestinationLocks } from '../../../src/repository/locks.js';

const DAY_MS = 86_400_000;
const inDays = (days: number): Retention => ({
  ...{ mode: 'COMPLIANCE', until: new Date(Date.now() + days * DAY_MS).toISOString() },
});

async function heldOf(retentions: (Retention | null)[], aheadMs = 0) {
  const locks: Partial<DestinationLocks> = {
    areEnabled: () => Promise.resolve(true),
    clockAheadMs: () => aheadMs,
    locksOf: () => Promise.resolve(retentions.map((retention) => ({ file: 'f', retention }))),
  };
  return await readHeldLock({ locks: locks as DestinationLocks }, 'id');
}

it('a lock that has ended by the clock of the server is none', async () => {
  const [ended, held] = [inDays(-1), inDays(2)];
  expect(await heldOf([ended, null])).toEqual({ mode: null, until: null, unlocked: 2 });
  expect(await heldOf([ended, held])).toEqual({ ...held, unlocked: 1 });
  expect(await heldOf([held], 3 * DAY_MS)).toEqual({ mode: null, until: null, unlocked: 1 });
});
