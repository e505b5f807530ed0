import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { sortTimeOf } from '../../../src/job-record.js';
import { removeJobIndex } from '../../../src/billing/job-index-remove.js';
import { findRecords, removeRecord } from '../../../src/billing/reset.js';
import { build, indexed, scanned } from '../../helpers/job-index.js';
import { todaysWriter } from '../../helpers/todays-writer.js';
import { useRedis } from '../../helpers/use-redis.js';

const used = useRedis();
const NEVER = new AbortController().signal;
const USERS = ['u', 'u:2026-11-24', '*'];
const DAY_MS = 86_400_000;
const START = Date.parse('2026-11-24T12:00:00.000Z');

/** Few users, jobs and amounts: figures that come back by chance are what the index must not believe. */
const user = fc.constantFrom(...USERS);
const job = fc.integer({ min: 1, max: 5 }).map((number) => `j${number}`);
const amount = fc.constantFrom(1, 2, 0.1, 0.25);
const bytes = fc.constantFrom(1, 2, 100);
const status = fc.constantFrom('completed' as const, 'failed' as const);

type Step =
  | { do: 'bytes' | 'old bytes'; user: string; job: string; bytes: number }
  | { do: 'compute' | 'old compute'; user: string; job: string; seconds: number }
  | { do: 'end' | 'old end'; user: string; job: string; status: 'completed' | 'failed' }
  | { do: 'reset' | 'reset all' | 'old reset'; user: string }
  | { do: 'build' | 'remove index' }
  | { do: 'broken build'; after: string }
  | { do: 'expire' | 'evict'; key: string }
  | { do: 'time'; ms: number };

/** An old writer that counts nothing leaves no trace; see job-index.ts. */
const tracking = <Name extends string>(of: Name, weight: number) => ({
  weight,
  arbitrary: fc.record({
    ...{ do: fc.constant(of), user, job, seconds: amount, status },
    bytes: of.startsWith('old') ? bytes : fc.oneof(bytes, fc.constant(0)),
  }),
});
const step = fc.oneof(
  ...(['bytes', 'compute', 'end'] as const).map((name) => tracking(name, 5)),
  ...(['old bytes', 'old compute', 'old end'] as const).map((name) => tracking(name, 1)),
  ...(['reset', 'reset all', 'old reset'] as const).map((name) => ({
    weight: 1,
    arbitrary: fc.record({ do: fc.constant(name), user }),
  })),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('build' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove index' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('broken build' as const),
      after: fc.constantFrom('copying totals', 'indexing jobs', 'removing jobs that are gone'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('expire' as const), key: job }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('evict' as const),
      key: fc.oneof(
        fc.constant('built'),
        user.map((id) => `jobs:${id}`),
        user.map((id) => `state:${id}`),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('time' as const),
      ms: fc.constantFrom(1, 1000, DAY_MS, 20 * DAY_MS, -5),
    }),
  },
) as fc.Arbitrary<Step>;

it('is the truth wherever it is trusted, whoever writes', async () => {
  let trusted = 0;
  const holds = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
    await used.redis.flushall();
    const play = player();
    for (const one of steps) {
      await play(one);
      for (const id of USERS) trusted += (await agrees(id)) ? 1 : 0;
    }
  });
  await fc.assert(holds, { numRuns: 400 });
  expect(trusted).toBeGreaterThan(1000);
});

it('is trusted from a build on while the tracker alone counts', async () => {
  const isOurs = (one: Step) => ['bytes', 'compute', 'end', 'time', 'expire'].includes(one.do);
  const all = fc.array(step, { maxLength: 20 });
  const ours = fc.array(step.filter(isOurs), { maxLength: 20 });
  const holds = fc.asyncProperty(all, ours, async (before, after) => {
    await used.redis.flushall();
    const play = player();
    for (const one of before) await play(one);
    await play({ do: 'build' });
    const known = await used.redis.keys('billing:user:*');
    for (const one of after) {
      await play(one);
      for (const key of known) expect(await agrees(key.slice('billing:user:'.length))).toBe(true);
    }
  });
  await fc.assert(holds, { numRuns: 150 });
});

/** Whether the index of the user is trusted. Fails where it then is not the truth. */
async function agrees(userId: string): Promise<boolean> {
  const found = await indexed(used.redis, userId);
  if (found === undefined) return false;
  const truth = await scanned(used.redis, userId);
  const ids = found.map(({ jobId }) => jobId);
  expect([...ids].sort()).toEqual(truth.map(({ jobId }) => jobId).sort());
  const times = found.map((record) => sortTimeOf(record) ?? 0);
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  return true;
}

function player(): (step: Step) => Promise<void> {
  const { redis } = used;
  let nowMs = START;
  const clock = () => new Date(nowMs);
  const billing = createBilling({ redis, clock });
  const old = todaysWriter(redis, clock);
  const evicted = new Set<string>();
  return async (step) => {
    switch (step.do) {
      case 'bytes':
        await billing.trackBytesProcessed(step.user, step.bytes, step.job);
        break;
      case 'compute':
        await billing.trackComputeSeconds(step.user, step.seconds, step.job);
        break;
      case 'end':
        await billing.trackJobCompletion(step.user, step.job, step.status);
        break;
      case 'old bytes':
        await old.trackBytesProcessed(step.user, step.bytes, step.job);
        break;
      case 'old compute':
        await old.trackComputeSeconds(step.user, step.seconds, step.job);
        break;
      case 'old end': {
        // In the name of the user whose job it is: another one would leave its place in the order.
        const owner = await redis.hget(`billing:job:${step.job}`, 'user_id');
        await old.trackJobCompletion(owner ?? step.user, step.job, step.status);
        break;
      }
      case 'old reset':
        await redis.del(`billing:user:${step.user}`);
        break;
      case 'reset':
      case 'reset all': {
        const all = step.do === 'reset all';
        const records = await findRecords(redis, { userId: step.user, all, signal: NEVER });
        for (const record of records) await removeRecord(redis, record);
        break;
      }
      case 'build':
        await build(redis, { now: clock() });
        break;
      case 'remove index': {
        const request = { dryRun: false, signal: NEVER, onProgress: () => undefined };
        await removeJobIndex(redis, request);
        break;
      }
      case 'broken build': {
        const broken = new Error('killed');
        const start = (label: string) => {
          if (label === step.after) throw broken;
        };
        const progress = { start, update: () => undefined, warn: () => undefined };
        await expect(build(redis, { now: clock(), progress })).rejects.toBe(broken);
        break;
      }
      case 'expire':
        await redis.del(`billing:job:${step.key}`);
        break;
      case 'evict': {
        // One key of a user: who is reset and loses both is known to nobody.
        const of = step.key.slice(step.key.indexOf(':'));
        if (!evicted.has(of)) await redis.del(`billing:index:${step.key}`);
        evicted.add(of);
        break;
      }
      case 'time':
        nowMs += step.ms;
    }
  };
}
