import { expect, it } from 'vitest';
import { createBilling } from '../../../src/billing/billing.js';
import { parseRedisUrl } from '../../../src/config/redis-address.js';
import { isMangamotionError } from '../../../src/errors.js';
import type { Billing, Tracked } from '../../../src/index.js';
import { redisTarget } from '../../../src/redis-target.js';
import { LastingConnection } from '../../../src/redis/lasting.js';
import { type CuttingProxy, startCuttingProxy } from '../../helpers/cutting-proxy.js';
import { randomFrom } from '../../helpers/seed.js';
import { useRedis } from '../../helpers/use-redis.js';

const WORKERS = 50;
const EVENTS = 1500;
const USERS = ['a', 'b:2026-11-23', 'c *', '漫画'];
/** A kill of all connections comes after so many deliveries. */
const KILL_EVERY = 150;

interface WorkEvent {
  kind: 'bytes' | 'compute' | 'job';
  user: string;
  job: string;
  eventId: string;
  bytes: bigint;
  microseconds: number;
  status: 'completed' | 'failed' | 'skipped';
}

const used = useRedis();

it('fifty workers with retries and broken connections count every event once', async () => {
  const random = randomFrom('fifty workers');
  const events = Array.from({ length: EVENTS }, (_, n) => eventNumber(n, random));
  // The queue delivers a third of them twice, some of them at the same time.
  const queue = events.flatMap((event) => (random() < 0.33 ? [event, event] : [event]));
  const proxy = await startCuttingProxy(used.server.port);
  proxy.setPlan(() => {
    const fate = random();
    return fate < 0.03 ? 'request' : fate < 0.08 ? 'answer' : undefined;
  });
  const done = { deliveries: 0, failures: 0, counted: 0 };
  await Promise.all(
    Array.from({ length: WORKERS }, async (_, worker) => {
      const connection = connectionThrough(proxy);
      const billing = createBilling({ redis: connection, clock: () => dayOfWorker(worker) });
      for (let event = queue.pop(); event !== undefined; event = queue.pop()) {
        const tracked = await persist(() => deliver(billing, event), done);
        done.counted += tracked.counted ? 1 : 0;
        done.deliveries += 1;
        if (done.deliveries % KILL_EVERY === 0) {
          await used.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
        }
      }
      connection.close();
    }),
  );
  await proxy.close();
  expect(proxy.cuts.request).toBeGreaterThan(10);
  expect(proxy.cuts.answer).toBeGreaterThan(10);
  expect(done.failures).toBeGreaterThan(20);
  // Some were counted by a call whose answer was lost.
  expect(done.counted).toBeLessThan(EVENTS);

  const days = await sumsOf('billing:daily:*', (key) => key.slice('billing:daily:'.length, -11));
  const jobs = await sumsOf('billing:job:*', (_key, { user_id }) => user_id ?? '');
  for (const user of USERS) {
    const mine = events.filter((event) => event.user === user);
    const expected = expectedOf(mine);
    expect({ user, ...totalsIn(await used.redis.hgetall(`billing:user:${user}`)) }).toEqual({
      user,
      ...expected,
    });
    expect({ user, ...days.get(user) }).toEqual({ user, ...expected });
    const { bytes, seconds } = expected;
    expect({ user, ...jobs.get(user) }).toMatchObject({ user, bytes, seconds });
  }
  const remembered = await used.redis.keys('billing:event:*');
  expect(remembered).toHaveLength(EVENTS);
});

function eventNumber(n: number, random: () => number): WorkEvent {
  const user = USERS[Math.floor(random() * USERS.length)] ?? '';
  return {
    kind: (['bytes', 'compute', 'job'] as const)[n % 3] ?? 'job',
    user,
    job: `${user}/${Math.floor(random() * 20)}`,
    eventId: `event ${n}`,
    // Their sum is beyond 2^53.
    bytes: BigInt(Math.floor(random() * 2 ** 50)),
    microseconds: Math.floor(random() * 1e9),
    status: (['completed', 'failed', 'skipped'] as const)[Math.floor(random() * 3)] ?? 'failed',
  };
}

/** The clocks of the workers stand on both sides of two midnights. */
function dayOfWorker(worker: number): Date {
  return new Date(Date.UTC(2026, 10, 23 + (worker % 3), 23, 59, 59, 999));
}

function connectionThrough(proxy: CuttingProxy): LastingConnection {
  const address = parseRedisUrl(`redis://127.0.0.1:${proxy.port}`);
  if (typeof address === 'string') throw new Error(address);
  return new LastingConnection(redisTarget({ ...address, caPem: undefined }), 30_000);
}

function deliver(billing: Billing, event: WorkEvent): Promise<Tracked> {
  const { kind, user, job, eventId, bytes, microseconds, status } = event;
  if (kind === 'bytes') return billing.trackBytesProcessed(user, bytes, job, { eventId });
  if (kind === 'job') return billing.trackJobCompletion(user, job, status, {}, { eventId });
  return billing.trackComputeSeconds(user, microseconds / 1e6, job, { eventId });
}

/** As a worker does: again and again, with the same event id, until there is an answer. */
async function persist(call: () => Promise<Tracked>, done: { failures: number }): Promise<Tracked> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isMangamotionError(error, 'unreachable')) throw error;
      done.failures += 1;
    }
  }
}

interface Totals {
  bytes: bigint;
  seconds: string;
  /** All, completed, failed, skipped. */
  counts: number[];
}

function expectedOf(events: readonly WorkEvent[]): Totals {
  const of = (kind: WorkEvent['kind']) => events.filter((event) => event.kind === kind);
  const ended = (status: string) => of('job').filter((event) => event.status === status).length;
  return {
    bytes: of('bytes').reduce((sum, { bytes }) => sum + bytes, 0n),
    seconds: secondsText(of('compute').reduce((sum, { microseconds }) => sum + microseconds, 0)),
    counts: [of('job').length, ended('completed'), ended('failed'), ended('skipped')],
  };
}

function secondsText(microseconds: number): string {
  return (microseconds / 1e6).toFixed(6);
}

function totalsIn(fields: Record<string, string>): Totals {
  const names = ['job_count', 'jobs_completed', 'jobs_failed', 'jobs_skipped'];
  return {
    bytes: BigInt(fields.bytes_processed ?? 0),
    seconds: Number(fields.compute_seconds ?? 0).toFixed(6),
    counts: names.map((name) => Number(fields[name] ?? 0)),
  };
}

/** The sums of all hashes that match, by their user. */
async function sumsOf(
  pattern: string,
  userOf: (key: string, fields: Record<string, string>) => string,
): Promise<Map<string, Totals>> {
  const sums = new Map<string, Totals>();
  for (const key of await used.redis.keys(pattern)) {
    const fields = await used.redis.hgetall(key);
    const { bytes, seconds, counts } = totalsIn(fields);
    const sum = sums.get(userOf(key, fields)) ?? { bytes: 0n, seconds: '0', counts: [0, 0, 0, 0] };
    sums.set(userOf(key, fields), {
      bytes: sum.bytes + bytes,
      seconds: (Number(sum.seconds) + Number(seconds)).toFixed(6),
      counts: sum.counts.map((count, index) => count + (counts[index] ?? 0)),
    });
  }
  return sums;
}
