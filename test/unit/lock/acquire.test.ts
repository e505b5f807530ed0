import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { acquireLock, type LockOptions } from '../../../src/lock/acquire.js';
import { encodeClaim, type Claim, type LockOwner } from '../../../src/lock/claim.js';
import { LOCK_TIMING, type LockClock } from '../../../src/lock/timing.js';
import type { DestinationLock } from '../../../src/lock/held-lock.js';
import { describeOwner } from '../../../src/lock/owner.js';
import { MemoryClaims } from '../../helpers/memory-claims.js';

const OWNER: LockOwner = { host: 'one', pid: 1, command: 'backup full', process: null };
const OTHER: LockOwner = { host: 'two', pid: 2, command: 'backup prune', process: null };
const SINCE = '2026-01-01T02:00:00.000Z';

let claims: MemoryClaims;
let timeMs: number;
/** Called while somebody sleeps. */
let meanwhile: () => Promise<void> | void;
const clock: LockClock = {
  now: () => new Date(timeMs),
  elapsedMs: () => timeMs,
  sleep: async (ms, signal) => {
    timeMs += ms;
    await meanwhile();
    signal.throwIfAborted();
  },
  random: () => 0.5,
};

beforeEach(() => {
  claims = new MemoryClaims();
  claims.now = () => timeMs;
  timeMs = Date.UTC(2026, 0, 1);
  meanwhile = () => undefined;
});

function acquire(options: Partial<LockOptions> = {}): Promise<DestinationLock> {
  const { signal } = new AbortController();
  return acquireLock(claims, { owner: OWNER, waitMs: 0, signal, clock, ...options });
}

async function putOther(state: Claim['state'] | 'unreadable', owner = OTHER): Promise<void> {
  await claims.put(
    'other',
    state === 'unreadable' ? '{' : encodeClaim({ state, since: SINCE, owner }),
  );
}

describe('a destination that nobody uses', () => {
  it('is locked at once, by a claim that names its owner', async () => {
    const lock = await acquire();
    expect(lock.takenOver).toBe(false);
    const [claim] = claims.claims.values();
    expect(claim?.content).toContain('"command": "backup full"');
    await lock.check();
    await lock.release();
    expect(claims.claims.size).toBe(0);
  });

  it('that does not show what is put there cannot be locked', async () => {
    claims.list = () => Promise.resolve([]);
    await expect(acquire()).rejects.toMatchObject({ code: 'refused' });
    expect(claims.claims.size).toBe(0);
  });

  it('that cannot be reached rejects as the store does, and is left without a claim', async () => {
    const failure = new Error('no connection');
    claims.before = (operation) =>
      operation === 'list' ? Promise.reject(failure) : Promise.resolve();
    await expect(acquire({ waitMs: 60_000 })).rejects.toBe(failure);
    expect(claims.claims.size).toBe(0);
  });
});

describe('a destination that another run holds', () => {
  it('is an error at once that names the run and the way to wait', async () => {
    await putOther('held');
    const begunAtMs = timeMs;
    await expect(acquire()).rejects.toMatchObject({
      code: 'locked',
      message: `memory is locked by "backup prune" on two (process 2) since ${SINCE}`,
      hint: expect.stringContaining('--wait-lock 30m') as string,
    });
    expect(timeMs).toBe(begunAtMs);
    expect([...claims.claims.keys()]).toEqual(['other']);
  });

  it('is waited for as long as the user says, and no longer', async () => {
    meanwhile = () => putOther('held');
    await putOther('held');
    const begunAtMs = timeMs;
    const told: unknown[] = [];
    const waiting = acquire({ waitMs: 1_800_000, onWait: (holder) => told.push(holder?.owner) });
    await expect(waiting).rejects.toMatchObject({ code: 'locked' });
    expect(timeMs - begunAtMs).toBe(1_800_000);
    expect(told).toEqual([OTHER]);
  });

  it('is not disturbed by those who wait: they claim it once, and then only look', async () => {
    const put = vi.spyOn(claims, 'put');
    await putOther('held');
    let pauses = 0;
    meanwhile = () => {
      pauses += 1;
      return putOther('held');
    };
    await expect(acquire({ waitMs: 60_000 })).rejects.toMatchObject({ code: 'locked' });
    expect(pauses).toBeGreaterThan(10);
    expect(put.mock.calls.filter(([name]) => name !== 'other').length).toBe(1);
  });

  it('is locked when that run is done', async () => {
    await putOther('held');
    let pauses = 0;
    meanwhile = () => (++pauses < 7 ? putOther('held') : claims.remove('other'));
    const lock = await acquire({ waitMs: Infinity });
    expect(pauses).toBe(7);
    expect(lock.takenOver).toBe(false);
    await lock.release();
  });

  it('is taken over when its lease is over, and its claim is gone then', async () => {
    await putOther('held');
    timeMs += LOCK_TIMING.leaseMs + 2001;
    const lock = await acquire();
    expect(lock.takenOver).toBe(true);
    expect([...claims.claims.keys()]).not.toContain('other');
    await lock.release();
  });

  it('is taken over by a run that waits for the end of its lease', async () => {
    await putOther('held');
    const begunAtMs = timeMs;
    const lock = await acquire({ waitMs: 1_800_000 });
    expect(lock.takenOver).toBe(true);
    expect(timeMs - begunAtMs).toBeLessThan(LOCK_TIMING.leaseMs + 10_000);
    await lock.release();
  });

  it.each(['held', 'trying'] as const)(
    'is taken over at once from a dead owner (%s)',
    async (state) => {
      const owner = await describeOwner('backup full');
      const identity = owner.process && { ...owner.process, startTicks: '1' };
      await putOther(state, { ...owner, process: identity });
      if (identity === null) timeMs += LOCK_TIMING.leaseMs + 2001;
      const lock = await acquire({ owner });
      expect(lock.takenOver).toBe(true);
      await lock.release();
    },
  );

  it('is not locked when the dead owner cannot be cleared away', async () => {
    await putOther('held');
    timeMs += LOCK_TIMING.leaseMs + 2001;
    const failure = new Error('denied');
    claims.before = (operation) =>
      operation === 'remove' ? Promise.reject(failure) : Promise.resolve();
    await expect(acquire()).rejects.toBe(failure);
  });
});

describe('a destination with a claim that cannot be read', () => {
  it('is locked as far as others can tell, until its lease is over', async () => {
    await putOther('unreadable');
    await expect(acquire()).rejects.toMatchObject({
      code: 'locked',
      message: 'memory is locked by a run whose claim cannot be read',
    });
    timeMs += LOCK_TIMING.leaseMs;
    const lock = await acquire();
    expect(lock.takenOver).toBe(true);
    await lock.release();
  });

  it('is what the user is told to be waiting for', async () => {
    await putOther('unreadable');
    const told: unknown[] = [];
    const lock = await acquire({ waitMs: 1_800_000, onWait: (holder) => told.push(holder) });
    expect(told).toEqual([undefined]);
    await lock.release();
  });
});

describe('a destination that another run tries to lock', () => {
  it('is tried again without --wait-lock, and locked when that run steps back', async () => {
    await putOther('trying');
    meanwhile = () => claims.remove('other');
    const begunAtMs = timeMs;
    const lock = await acquire();
    expect(timeMs - begunAtMs).toBeLessThan(LOCK_TIMING.settleMs);
    await lock.release();
  });

  it('is an error when that run wins', async () => {
    await putOther('trying');
    meanwhile = () => putOther('held');
    await expect(acquire()).rejects.toMatchObject({ code: 'locked' });
    expect([...claims.claims.keys()]).toEqual(['other']);
  });

  it('is an error when that run goes on trying for seconds', async () => {
    await putOther('trying');
    const begunAtMs = timeMs;
    await expect(acquire()).rejects.toMatchObject({ code: 'locked' });
    expect(timeMs - begunAtMs).toBe(LOCK_TIMING.settleMs);
  });
});

describe('a run that is stopped between its two claims', () => {
  it('steps back when others may have gone past its claim, and begins again', async () => {
    let puts = 0;
    claims.before = (operation) => {
      if (operation === 'put' && ++puts === 2) timeMs += LOCK_TIMING.leaseMs + 2001;
    };
    const lock = await acquire();
    expect(puts).toBe(4);
    await lock.check();
    await lock.release();
  });

  it('steps back when another one has the lock by then', async () => {
    let puts = 0;
    claims.before = (operation) => {
      if (operation !== 'put' || ++puts !== 2) return;
      const content = encodeClaim({ state: 'held', since: SINCE, owner: OTHER });
      claims.claims.set('other', { name: 'other', content, modifiedAtMs: timeMs });
    };
    await expect(acquire()).rejects.toMatchObject({ code: 'locked' });
    expect([...claims.claims.keys()]).toEqual(['other']);
  });
});

describe('a run that is interrupted', () => {
  it.each(['put', 'list'] as const)('at a %s leaves no claim', async (at) => {
    const controller = new AbortController();
    const reason = new Error('SIGINT');
    claims.before = (operation) => {
      if (operation !== at) return;
      controller.abort(reason);
      claims.before = () => undefined;
      throw reason;
    };
    await expect(acquire({ signal: controller.signal })).rejects.toBe(reason);
    expect(claims.claims.size).toBe(0);
  });

  it('while it waits leaves no claim', async () => {
    await putOther('held');
    const controller = new AbortController();
    const reason = new Error('SIGINT');
    meanwhile = () => controller.abort(reason);
    const waiting = acquire({ signal: controller.signal, waitMs: 60_000 });
    await expect(waiting).rejects.toBe(reason);
    expect([...claims.claims.keys()]).toEqual(['other']);
  });

  it('before it begins does nothing', async () => {
    const reason = new Error('SIGINT');
    await expect(acquire({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(claims.claims.size).toBe(0);
  });
});

describe('runs that race for a destination', () => {
  /** Each request takes effect, and each answer arrives, in whatever order the scheduler likes. */
  function scheduled(store: MemoryClaims, s: fc.Scheduler): MemoryClaims {
    const own = new MemoryClaims();
    const take = <T>(work: () => Promise<T>, label: string): Promise<T> =>
      s
        .schedule(Promise.resolve(), `${label} reaches the store`)
        .then(work)
        .then((answer) => s.schedule(Promise.resolve(answer), `${label} is answered`));
    own.put = (name, content) => take(() => store.put(name, content), `put ${name}`);
    own.list = () => take(() => store.list(), 'list');
    own.remove = (name) => take(() => store.remove(name), `remove ${name}`);
    return own;
  }

  it('never hold it two at once, in whatever order things happen', async () => {
    let wins = 0;
    const race = async (s: fc.Scheduler, runs: number): Promise<void> => {
      const store = new MemoryClaims();
      let now = Date.UTC(2026, 0, 1);
      store.now = () => now;
      const holders = new Set<number>();
      const run = async (id: number): Promise<void> => {
        const sleep: LockClock['sleep'] = async (ms) => {
          await s.schedule(Promise.resolve(), `${id} sleeps`);
          now += ms;
        };
        const runClock = { ...clock, elapsedMs: () => now, sleep };
        const owner = { ...OWNER, host: `host-${id}` };
        const { signal } = new AbortController();
        const options = { owner, waitMs: 0, signal, clock: runClock };
        const lock = await acquireLock(scheduled(store, s), options).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'locked' });
        });
        if (lock === undefined) return;
        expect([...holders]).toEqual([]);
        holders.add(id);
        wins += 1;
        await s.schedule(Promise.resolve(), `${id} works`);
        await lock.check();
        expect([...holders]).toEqual([id]);
        holders.delete(id);
        await lock.release();
      };
      await s.waitFor(Promise.all(Array.from({ length: runs }, (_, id) => run(id))));
      expect(store.claims.size).toBe(0);
    };
    await fc.assert(fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 4 }), race), {
      numRuns: 300,
    });
    expect(wins).toBeGreaterThan(100);
  });
});
