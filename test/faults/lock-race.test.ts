import { execa } from 'execa';
import { on } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { acquireLock } from '../../src/lock/acquire.js';
import type { LockOwner } from '../../src/lock/claim.js';
import { ObjectClaims } from '../../src/lock/object-claims.js';
import { describeOwner } from '../../src/lock/owner.js';
import type { LockTiming } from '../../src/lock/timing.js';
import { temporaryFolder } from '../helpers/backups.js';
import { builtScript } from '../helpers/built-script.js';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { claimsOf, type RacerTask } from '../helpers/lock-racer.js';
import { rounds } from '../helpers/rounds.js';
import { addressOf, freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

/** Real processes that want the lock of one destination, and that die or stand still with it. */

const RACER = await builtScript('lock-racer');
const RACERS = 5;
const PATIENCE_MS = 180_000;
/** Over within seconds. What a holder has left is nothing that others may rely on. */
const SHORT: Partial<LockTiming> = { leaseMs: 2000, heartbeatMs: 300, marginMs: 500 };

const OURS: LockOwner = { host: 'here', pid: 1, command: 'backup full', process: null };

const store = testStore();
afterAll(() => store.close());

interface Place {
  destination: RacerTask['destination'];
  /** What lies there. */
  names: () => Promise<string[]>;
  remove: () => Promise<void> | void;
}

async function inAFolder(): Promise<Place> {
  const { folder, remove } = temporaryFolder();
  return await Promise.resolve({
    destination: { folder },
    names: () => readdir(folder),
    remove,
  });
}

async function inABucket(): Promise<Place> {
  const bucket = await freshBucket(store);
  return {
    destination: { bucket },
    names: async () => (await store.listPage(bucket)).objects.map(({ key }) => key),
    remove: () => removeBucket(store, bucket),
  };
}

function racer(task: RacerTask) {
  return execa(process.execPath, [RACER, JSON.stringify(task)], { reject: false, stdin: 'pipe' });
}

/** A process that has the lock, and what it says. */
async function startHolder(task: Omit<RacerTask, 'rounds'>) {
  const child = racer({ ...task, rounds: 0 });
  const lines = on(createInterface(child.stdout), 'line');
  const next = async (): Promise<string> => {
    const { value } = (await Promise.race([lines.next(), ended(child)])) as { value: [string] };
    return value[0];
  };
  expect(await next()).toBe('locked');
  return { child, next, askToCommit: () => child.stdin.write('commit\n') };
}

async function ended(child: ReturnType<typeof racer>): Promise<never> {
  const { exitCode, signal, stderr } = await child;
  throw new Error(`the process ended with ${String(signal ?? exitCode)}: ${stderr}`);
}

/** Makes a place of its own for one test, with what the test uses there. */
async function useLock(create: () => Promise<Place>, { onTestFinished }: TestContext) {
  const place = await create();
  const scratch = temporaryFolder();
  const journal = join(scratch.folder, 'journal');
  const closing: (() => unknown)[] = [];
  onTestFinished(async () => {
    for (const close of closing) close();
    await place.remove();
    scratch.remove();
  });
  return {
    place,
    journal,
    journalLines: async (): Promise<string[]> => {
      const text = await readFile(journal, 'utf8').catch(() => '');
      return text.split('\n').slice(0, -1);
    },
    acquireHere: async (waitMs: number, timing?: Partial<LockTiming>) => {
      const { claims, close } = claimsOf(place.destination);
      closing.push(close);
      const owner = await describeOwner('this test');
      const { signal } = new AbortController();
      return await acquireLock(claims, { owner, waitMs, signal, timing });
    },
    holder: async (timing: Partial<LockTiming> = {}) => {
      const held = await startHolder({ destination: place.destination, journal, timing });
      closing.push(() => held.child.kill('SIGKILL'));
      return held;
    },
  };
}

// Most of each test is waiting for a lease to end: they wait side by side.
describe.concurrent.each([
  ['a folder', inAFolder, rounds({ sample: 8, all: 20 })],
  ['a bucket', inABucket, rounds({ sample: 3, all: 8 })],
])('the lock of %s', (_, create, turns) => {
  it('is never held by two processes at once', { timeout: PATIENCE_MS }, async (context) => {
    const { place, journal, journalLines } = await useLock(create, context);
    const task: RacerTask = { destination: place.destination, rounds: turns, journal };
    const runs = await Promise.all(Array.from({ length: RACERS }, () => racer(task)));
    for (const { exitCode, stderr } of runs)
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const lines = await journalLines();
    expect(lines.length).toBe(2 * turns * RACERS);
    for (let i = 0; i < lines.length; i += 2) {
      expect(lines[i + 1]).toBe(lines[i]?.replace('begin', 'end'));
    }
    expect(await place.names()).toEqual([]);
  });

  it('goes to one of two that begin at once, though neither waits', async (context) => {
    const { acquireHere } = await useLock(create, context);
    for (let round = 0; round < 10; round++) {
      const runs = await Promise.allSettled([acquireHere(0), acquireHere(0)]);
      const won = runs.filter((run) => run.status === 'fulfilled').map(({ value }) => value);
      const refused = runs.filter((run) => run.status === 'rejected');
      expect([won.length, refused.length]).toEqual([1, 1]);
      expect(refused[0]?.reason).toMatchObject({ code: 'locked' });
      for (const lock of won) await lock.release();
    }
  });

  it(
    'is taken over at once when its holder is killed',
    { timeout: PATIENCE_MS },
    async (context) => {
      const { place, acquireHere, holder } = await useLock(create, context);
      const { child } = await holder();
      await expect(acquireHere(0)).rejects.toMatchObject({
        code: 'locked',
        message: expect.stringContaining(`"race of ${String(child.pid)}"`) as string,
      });
      child.kill('SIGKILL');
      await child;
      // Its lease of two minutes has only begun.
      const lock = await acquireHere(0);
      expect(lock.takenOver).toBe(true);
      await lock.check();
      await lock.release();
      expect(await place.names()).toEqual([]);
    },
  );

  it.for([
    ['while the other one works', false] as const,
    ['when the other one is done', true] as const,
  ])(
    'is lost to a holder that stood still, which notices %s and does not commit',
    { timeout: PATIENCE_MS },
    async ([, isDone], context) => {
      const { place, journalLines, acquireHere, holder } = await useLock(create, context);
      const { child, next, askToCommit } = await holder(SHORT);
      askToCommit();
      expect(await next()).toBe('committed');
      child.kill('SIGSTOP');
      const lock = await acquireHere(60_000, SHORT);
      expect(lock.takenOver).toBe(true);
      if (isDone) await lock.release();
      child.kill('SIGCONT');
      askToCommit();
      expect(await next()).toBe('lost true');
      if (!isDone) await lock.check();
      await lock.release();
      child.stdin.end();
      expect((await child).exitCode).toBe(0);
      expect((await journalLines()).length).toBe(1);
      expect(await place.names()).toEqual([]);
    },
  );
});

describe.concurrent('the lock of a bucket where some runs delete nothing', () => {
  it('is never held by two processes at once', { timeout: PATIENCE_MS }, async (context) => {
    const { place, journal, journalLines } = await useLock(inABucket, context);
    const turns = rounds({ sample: 2, all: 8 });
    const task: RacerTask = { destination: place.destination, rounds: turns, journal };
    const kinds = [true, false, true, false];
    const runs = await Promise.all(kinds.map((appendOnly) => racer({ ...task, appendOnly })));
    for (const { exitCode, stderr } of runs)
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const lines = await journalLines();
    expect(lines.length).toBe(2 * turns * kinds.length);
    for (let i = 0; i < lines.length; i += 2) {
      expect(lines[i + 1]).toBe(lines[i]?.replace('begin', 'end'));
    }
    // What is left is of claims that were ended.
    const { claims, close } = claimsOf(place.destination);
    expect(await claims.list()).toEqual([]);
    close();
  });
});

describe.concurrent('the lock of a bucket whose holder is cut off from the server', () => {
  it('is lost to it before another run takes over, and stays lost', async () => {
    const bucket = await freshBucket(store);
    const proxy = await startFaultyProxy(store.endpoint);
    const remote = testStore(addressOf(proxy.endpoint));
    const { signal } = new AbortController();
    const owner = { ...(await describeOwner('far away')), host: 'far-away' };
    const options = { owner, waitMs: 60_000, signal, timing: SHORT };
    const place = { bucket, prefix: '' };
    const theirs = await acquireLock(new ObjectClaims(remote, place), options);
    proxy.setPlan(() => ({ kind: 'ignore' }));

    const ours = await acquireLock(new ObjectClaims(store, place), { ...options, owner: OURS });
    expect(ours.takenOver).toBe(true);
    expect(theirs.signal.reason).toMatchObject({ code: 'locked' });
    proxy.setPlan(() => undefined);
    await expect(theirs.check()).rejects.toBe(theirs.signal.reason);
    await theirs.release();
    await ours.check();
    await ours.release();

    remote.close();
    await proxy.close();
    await removeBucket(store, bucket);
  });
});
