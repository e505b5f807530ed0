import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { acquireLock } from '../../../src/lock/acquire.js';
import { encodeClaim, type Claim, type LockOwner } from '../../../src/lock/claim.js';
import { LOCK_TIMING, type LockClock } from '../../../src/lock/timing.js';
import type { DestinationLock } from '../../../src/lock/held-lock.js';
import { MemoryClaims } from '../../helpers/memory-claims.js';

const OWNER: LockOwner = { host: 'one', pid: 1, command: 'backup full', process: null };
const { leaseMs, heartbeatMs, marginMs } = LOCK_TIMING;

let claims: MemoryClaims;
/** What the machine slept: its timers stood still meanwhile. */
let sleptMs: number;
const clock: LockClock = {
  now: () => new Date(),
  elapsedMs: () => Date.now() + sleptMs,
  sleep: async (ms, signal) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    signal.throwIfAborted();
  },
  random: () => 0.5,
};

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
  claims = new MemoryClaims();
  sleptMs = 0;
});
afterEach(() => vi.useRealTimers());

function acquire(): Promise<DestinationLock> {
  const { signal } = new AbortController();
  return acquireLock(claims, { owner: OWNER, waitMs: 0, signal, clock });
}

async function putOther(state: Claim['state'], name = 'other'): Promise<void> {
  const owner = { ...OWNER, host: 'two', command: 'backup prune' };
  await claims.put(name, encodeClaim({ state, since: new Date().toISOString(), owner }));
}

function ownName(): string {
  return [...claims.claims.keys()].find((name) => name !== 'other') ?? '';
}

function lost(why: string): object {
  return { code: 'locked', message: expect.stringContaining(why) as string };
}

describe('a held lock', () => {
  it('is renewed for as long as it is held, and then gone', async () => {
    const lock = await acquire();
    for (let hour = 0; hour < 5; hour++) {
      await vi.advanceTimersByTimeAsync(3_600_000);
      const age = Date.now() - claims.claims.get(ownName())!.modifiedAtMs;
      expect(age).toBeLessThanOrEqual(heartbeatMs);
    }
    await lock.check();
    expect(lock.signal.aborted).toBe(false);
    await lock.release();
    expect(claims.claims.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is renewed by a check, so that the commit has a whole lease', async () => {
    const lock = await acquire();
    await vi.advanceTimersByTimeAsync(heartbeatMs - 1);
    await lock.check();
    expect(claims.claims.get(ownName())?.modifiedAtMs).toBe(Date.now());
    await lock.release();
  });

  it('outlasts a store that fails for a while', async () => {
    const lock = await acquire();
    claims.before = () => Promise.reject(new Error('no connection'));
    await vi.advanceTimersByTimeAsync(leaseMs - marginMs - heartbeatMs);
    claims.before = () => undefined;
    await vi.advanceTimersByTimeAsync(leaseMs);
    await lock.check();
    await lock.release();
  });

  it('is lost, before others may take it, when the store fails for too long', async () => {
    const lock = await acquire();
    const failure = new Error('no connection');
    claims.before = () => Promise.reject(failure);
    await vi.advanceTimersByTimeAsync(leaseMs - marginMs - 1);
    expect(lock.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2);
    expect(lock.signal.reason).toMatchObject({
      ...lost('the lock of memory is lost: it could not be renewed for 100 s'),
      cause: failure,
    });
    await expect(lock.check()).rejects.toBe(lock.signal.reason);
  });

  it('is lost when the store does not answer at all, and the request is ended', async () => {
    const lock = await acquire();
    const ended = vi.fn();
    claims.before = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          ended();
          reject(signal.reason as Error);
        });
      });
    await vi.advanceTimersByTimeAsync(leaseMs - marginMs + 1);
    expect(lock.signal.reason).toMatchObject(lost('could not be renewed'));
    expect(ended).toHaveBeenCalledOnce();
    claims.before = () => undefined;
    await lock.release();
    expect(claims.claims.size).toBe(0);
  });

  it('is lost to a machine that slept, which does not put its claim again', async () => {
    const lock = await acquire();
    await vi.advanceTimersByTimeAsync(1000);
    sleptMs = leaseMs;
    const putBefore = claims.claims.get(ownName());
    await expect(lock.check()).rejects.toMatchObject(lost('could not be renewed'));
    expect(claims.claims.get(ownName())).toBe(putBefore);
    expect(lock.signal.aborted).toBe(true);
  });

  it('is lost to a machine that slept and takes up its heartbeat', async () => {
    const lock = await acquire();
    sleptMs = leaseMs;
    await vi.advanceTimersByTimeAsync(heartbeatMs);
    expect(lock.signal.reason).toMatchObject(lost('could not be renewed'));
  });

  it('is lost where the clock of the store tells that it was away, and ours stood still', async () => {
    const lock = await acquire();
    claims.now = () => Date.now() + leaseMs + 10_000;
    await expect(lock.check()).rejects.toMatchObject(lost('by the clock of the destination'));
  });

  it('is lost when a renewal came through only after others may have taken it', async () => {
    const lock = await acquire();
    sleptMs = leaseMs / 2;
    claims.before = (operation) => {
      if (operation === 'put') sleptMs = leaseMs;
    };
    await expect(lock.check()).rejects.toMatchObject(lost('could not be renewed'));
    claims.before = () => undefined;
    await lock.release();
    expect(claims.claims.size).toBe(0);
  });

  it('is lost when somebody removed its claim, which is not put again', async () => {
    const lock = await acquire();
    claims.claims.clear();
    await vi.advanceTimersByTimeAsync(heartbeatMs);
    expect(lock.signal.reason).toMatchObject(lost('its claim was removed'));
    expect(claims.claims.size).toBe(0);
    await expect(lock.check()).rejects.toBe(lock.signal.reason);
  });

  it('is lost when its claim has other content', async () => {
    const lock = await acquire();
    await claims.put(ownName(), 'something else');
    await expect(lock.check()).rejects.toMatchObject(lost('its claim was changed'));
  });

  it('is lost when another run holds it too, whom the error names', async () => {
    const lock = await acquire();
    await putOther('held');
    await expect(lock.check()).rejects.toMatchObject({
      ...lost('another run has taken it over'),
      cause: { message: expect.stringContaining('"backup prune" on two') as string },
    });
    await lock.release();
    expect([...claims.claims.keys()]).toEqual(['other']);
  });

  it('does not mind claims that are over', async () => {
    const lock = await acquire();
    await putOther('held');
    claims.claims.get('other')!.modifiedAtMs -= leaseMs + 60_000;
    await lock.check();
    await lock.release();
  });

  it('waits for a run that only looks, and passes the check when it is gone', async () => {
    const lock = await acquire();
    await putOther('trying');
    let passed = false;
    const checking = lock.check().then(() => (passed = true));
    await vi.advanceTimersByTimeAsync(5000);
    expect(passed).toBe(false);
    await claims.remove('other');
    await vi.advanceTimersByTimeAsync(1000);
    await checking;
    await lock.release();
  });

  it('does not pass the check where that run becomes the holder', async () => {
    const lock = await acquire();
    await putOther('trying');
    const checking = expect(lock.check()).rejects.toMatchObject(lost('taken it over'));
    await vi.advanceTimersByTimeAsync(1000);
    await putOther('held');
    await vi.advanceTimersByTimeAsync(1000);
    await checking;
  });

  it('passes the check when the claim of a run that died while looking is over', async () => {
    const lock = await acquire();
    await putOther('trying');
    const checking = lock.check();
    await vi.advanceTimersByTimeAsync(leaseMs + 4000);
    await checking;
    await lock.release();
  });

  it('rejects a check as the store does, where it is still ours', async () => {
    const lock = await acquire();
    const failure = new Error('no connection');
    claims.before = () => Promise.reject(failure);
    await expect(lock.check()).rejects.toBe(failure);
    expect(lock.signal.aborted).toBe(false);
    claims.before = () => undefined;
    await lock.check();
    await lock.release();
  });
});

describe('a released lock', () => {
  it('can be released again, at once and later', async () => {
    const lock = await acquire();
    await Promise.all([lock.release(), lock.release()]);
    await putOther('held', ownName());
    await lock.release();
    expect(claims.claims.size).toBe(1);
  });

  it('is no error where the claim cannot be removed', async () => {
    const lock = await acquire();
    claims.before = () => Promise.reject(new Error('no connection'));
    await lock.release();
    expect(claims.claims.size).toBe(1);
  });

  it('is not put again by a heartbeat that was under way', async () => {
    const lock = await acquire();
    const held: (() => void)[] = [];
    claims.before = (operation) => {
      if (operation !== 'put') return;
      return new Promise((resolve) => void held.push(resolve));
    };
    await vi.advanceTimersByTimeAsync(heartbeatMs);
    expect(held.length).toBe(1);
    const released = lock.release();
    held.forEach((letGo) => letGo());
    await released;
    await vi.advanceTimersByTimeAsync(leaseMs);
    expect(claims.claims.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('cannot be checked', async () => {
    const lock = await acquire();
    await lock.release();
    await expect(lock.check()).rejects.toThrow('released');
  });
});
