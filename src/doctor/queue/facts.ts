import { DOCTOR_TEXTS } from '../../config/hints.js';
import { readJobRecords } from '../../billing/job-records.js';
import { isMarker, addressOf, keyOf, type QueueAddress } from '../../jobs/queue/layout.js';
import { queueExists } from '../../jobs/queue/reader.js';
import { standingsOf } from '../../jobs/queue/standing.js';
import { replies } from '../../jobs/queue/values.js';
import { type SeenWorkers, seenWorkers } from '../../jobs/queue/workers.js';
import type { RedisReader } from '../../redis/reader.js';
import type { GatherersOf } from '../facts.js';
import { NotLooked } from '../finding.js';
import type { RedisFacts } from '../redis/facts.js';

export interface QueueFacts extends RedisFacts {
  queue: QueueState;
  stalled: { looked: number; ids: readonly string[] };
  /** `undefined` where the clients may not be listed. */
  workers: SeenWorkers | undefined;
  tracked: TrackedJobs;
}

export interface QueueState {
  address: QueueAddress;
  /** `bullmq:5.1.0`; `null` before version 5. */
  version: string | null;
  isPaused: boolean;
  /** How many jobs a worker would take now. */
  waiting: number;
}

/** The jobs that completed last, the latest first, and whether each has a billing record. */
export type TrackedJobs = readonly { id: string; finishedAtMs: number; isTracked: boolean }[];

/** Of lists without end only so many are looked at. */
const MOST_ACTIVE = 200;
const MOST_COMPLETED = 100;

type Own = Exclude<keyof QueueFacts, keyof RedisFacts>;

export function queueGatherers(queueText: string): GatherersOf<QueueFacts, Own> {
  const address = addressOf(queueText);
  return {
    queue: async (read) => await readState(await read('redis'), address),
    stalled: async (read) => {
      const [redis] = await Promise.all([read('redis'), read('queue')]);
      const [active] = await replies(redis, [
        ['lrange', keyOf(address, 'active'), 0, MOST_ACTIVE - 1],
      ]);
      const ids = Array.isArray(active) ? active.map(String) : [];
      const standings = await standingsOf(
        redis,
        address,
        ids.map((id) => [id, 'active'] as const),
      );
      return { looked: ids.length, ids: ids.filter((_, at) => standings[at]?.stalled === true) };
    },
    workers: async (read) => {
      const [redis] = await Promise.all([read('redis'), read('queue')]);
      return await seenWorkers(redis, address);
    },
    tracked: async (read) => {
      const [redis, config] = await Promise.all([read('redis'), read('config'), read('queue')]);
      if (!config.billing.enabled) throw new NotLooked(DOCTOR_TEXTS.billingOff);
      return await readTracked(redis, address);
    },
  };
}

async function readState(redis: RedisReader, address: QueueAddress): Promise<QueueState> {
  if (!(await queueExists(redis, address))) {
    throw new NotLooked(`there is no queue ${address.name}: --queue names another`);
  }
  const meta = keyOf(address, 'meta');
  const [version, paused, length, prioritized, head] = await replies(redis, [
    ['hget', meta, 'version'],
    ['hget', meta, 'paused'],
    ['llen', keyOf(address, 'wait')],
    ['zcard', keyOf(address, 'prioritized')],
    ['lrange', keyOf(address, 'wait'), -1, -1],
  ]);
  const markers = Array.isArray(head) ? head.map(String).filter(isMarker).length : 0;
  return {
    address,
    version: typeof version === 'string' ? version : null,
    isPaused: typeof paused === 'string',
    waiting: Math.max(0, Number(length ?? 0) + Number(prioritized ?? 0) - markers),
  };
}

async function readTracked(redis: RedisReader, address: QueueAddress): Promise<TrackedJobs> {
  const key = keyOf(address, 'completed');
  const reply = await redis.call('ZRANGE', key, -MOST_COMPLETED, -1, 'WITHSCORES');
  const list = Array.isArray(reply) ? reply.map(String) : [];
  const jobs = list.flatMap((id, at) =>
    at % 2 === 0 ? [{ id, finishedAtMs: Number(list[at + 1]) }] : [],
  );
  const records = await readJobRecords(
    redis,
    jobs.map(({ id }) => id),
    { onProblem: () => undefined },
  );
  return jobs.map((job, at) => ({ ...job, isTracked: records[at] !== undefined })).reverse();
}
