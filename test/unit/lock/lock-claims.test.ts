import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/lock/acquire.js';
import { classifyClaims } from '../../../src/lock/claim-rules.js';
import { decodeClaim, type LockOwner } from '../../../src/lock/claim.js';
import { LockClaims } from '../../../src/lock/lock-claims.js';
import { LOCK_TIMING, type LockClock } from '../../../src/lock/timing.js';
import { MemoryClaims } from '../../helpers/memory-claims.js';

const OWNER: LockOwner = { host: 'one', pid: 1, command: 'backup full', process: null };
const { leaseMs } = LOCK_TIMING;

let timeMs: number;
let objects: MemoryClaims;
const clock: LockClock = {
  now: () => new Date(timeMs),
  elapsedMs: () => timeMs,
  sleep: (ms) => {
    timeMs += ms;
    return Promise.resolve();
  },
  random: () => 0.5,
};

beforeEach(() => {
  timeMs = Date.UTC(2026, 0, 1);
  objects = new MemoryClaims();
  objects.now = () => timeMs;
});

const appending = () => new LockClaims(objects, { appendOnly: true });
const deleting = () => new LockClaims(objects, { appendOnly: false });

function acquire(claims: LockClaims, host: string) {
  const { signal } = new AbortController();
  return acquireLock(claims, { owner: { ...OWNER, host }, waitMs: 0, signal, clock });
}

/** Fails where something is deleted or put again under its name. */
function forbidChanges(): void {
  const put = objects.put.bind(objects);
  objects.put = (name, content, signal) => {
    if (objects.claims.has(name)) throw new Error(`${name} is overwritten`);
    return put(name, content, signal);
  };
  objects.remove = (name) => Promise.reject(new Error(`${name} is deleted`));
}

describe('the lock of a run that deletes nothing', () => {
  beforeEach(forbidChanges);

  it('is held, renewed and released without deleting or overwriting', async () => {
    const lock = await acquire(appending(), 'a');
    for (let round = 0; round < 3; round++) await lock.check();
    await expect(acquire(appending(), 'b')).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('"backup full" on a') as string,
    });
    await lock.check();
    await lock.release();
    const next = await acquire(appending(), 'c');
    expect(next.takenOver).toBe(false);
    await next.release();
    expect(await appending().list()).toEqual([]);
  });

  it('goes back to the same run that has stepped back before', async () => {
    const claims = appending();
    const lock = await acquire(appending(), 'a');
    await expect(acquire(claims, 'b')).rejects.toMatchObject({ code: 'locked' });
    await lock.release();
    const again = await acquire(claims, 'b');
    await again.check();
    await again.release();
  });

  it('is taken over from a dead one when its lease is over, and the dead one notices', async () => {
    const dead = await acquire(appending(), 'a');
    timeMs += leaseMs;
    await expect(acquire(appending(), 'b')).rejects.toMatchObject({ code: 'locked' });
    timeMs += 2001;
    const lock = await acquire(appending(), 'b');
    expect(lock.takenOver).toBe(true);
    await lock.check();
    await lock.release();
    await expect(dead.check()).rejects.toMatchObject({ code: 'locked' });
    await dead.release();
  });

  it('reads one object of a claim, however often it was renewed', async () => {
    const lock = await acquire(appending(), 'a');
    for (let round = 0; round < 20; round++) await lock.check();
    const reads: string[] = [];
    const read = objects.read.bind(objects);
    objects.read = (name, signal) => {
      reads.push(name);
      return read(name, signal);
    };
    expect(await appending().list()).toHaveLength(1);
    expect(reads).toEqual([[...objects.claims.keys()].at(-1)]);
    await lock.release();
    expect(await appending().list()).toEqual([]);
    expect(reads).toHaveLength(1);
  });

  it('keeps out a run of a version that knows no series, until its lease is over', async () => {
    const lock = await acquire(appending(), 'a');
    const asBefore = async () => {
      const decoded = (await objects.list()).map((stored) => {
        return { ...stored, claim: decodeClaim(stored.content), ownerIsDead: false };
      });
      return classifyClaims(decoded, 'its own', { leaseMs, nowMs: timeMs });
    };
    expect((await asBefore()).live.map(({ claim }) => claim?.state)).toEqual(['trying', 'held']);
    await lock.release();
    // The end says nothing to it, and blocks it as long as a claim that cannot be read.
    expect((await asBefore()).live).toHaveLength(3);
    timeMs += leaseMs + 2001;
    expect((await asBefore()).live).toEqual([]);
  });
});

describe('runs of both kinds', () => {
  it('keep each other out', async () => {
    const first = await acquire(appending(), 'a');
    await expect(acquire(deleting(), 'b')).rejects.toMatchObject({ code: 'locked' });
    await first.check();
    await first.release();
    const second = await acquire(deleting(), 'b');
    await expect(acquire(appending(), 'a')).rejects.toMatchObject({ code: 'locked' });
    await second.check();
    await second.release();
  });

  it.each([
    ['append-only', 'deleting', appending, deleting],
    ['deleting', 'append-only', deleting, appending],
  ])('of a dead %s run a(n) %s one takes over', async (_, __, dead, alive) => {
    const left = await acquire(dead(), 'a');
    timeMs += leaseMs + 2001;
    const lock = await acquire(alive(), 'b');
    expect(lock.takenOver).toBe(true);
    await lock.release();
    await expect(left.check()).rejects.toMatchObject({ code: 'locked' });
    await left.release();
    expect(await deleting().list()).toEqual([]);
  });

  it('never hold the lock two at once, in whatever order things happen', async () => {
    let wins = 0;
    const race = async (s: fc.Scheduler, kinds: readonly boolean[]): Promise<void> => {
      const shared = new MemoryClaims();
      let now = Date.UTC(2026, 0, 1);
      shared.now = () => now;
      const holders = new Set<number>();
      const run = async (appendOnly: boolean, id: number): Promise<void> => {
        const sleep: LockClock['sleep'] = async (ms) => {
          await s.schedule(Promise.resolve(), `${id} sleeps`);
          now += ms;
        };
        const { signal } = new AbortController();
        const options = {
          ...{ owner: { ...OWNER, host: `host-${id}` }, waitMs: 0, signal },
          clock: { ...clock, elapsedMs: () => now, sleep },
        };
        const claims = new LockClaims(scheduled(shared, s), { appendOnly });
        const lock = await acquireLock(claims, options).catch((error: unknown) => {
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
      await s.waitFor(Promise.all(kinds.map(run)));
      expect(await new LockClaims(shared, { appendOnly: false }).list()).toEqual([]);
    };
    const kinds = fc.array(fc.boolean(), { minLength: 2, maxLength: 4 });
    await fc.assert(fc.asyncProperty(fc.scheduler(), kinds, race), { numRuns: 200 });
    expect(wins).toBeGreaterThan(100);
  });
});

/** Each request takes effect, and each answer arrives, in whatever order the scheduler likes. */
function scheduled(store: MemoryClaims, s: fc.Scheduler): MemoryClaims {
  const own = new MemoryClaims();
  const take = <T>(work: () => Promise<T>, label: string): Promise<T> =>
    s
      .schedule(Promise.resolve(), `${label} reaches the store`)
      .then(work)
      .then((answer) => s.schedule(Promise.resolve(answer), `${label} is answered`));
  own.put = (name, content) => take(() => store.put(name, content), `put ${name}`);
  own.names = () => take(() => store.names(), 'names');
  own.read = (name) => take(() => store.read(name), `read ${name}`);
  own.remove = (name) => take(() => store.remove(name), `remove ${name}`);
  return own;
}
