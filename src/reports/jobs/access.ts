import type { CounterProblem } from '../../billing/counters.js';
import { costOfRecord, readJobRecords, scanJobRecords } from '../../billing/job-records.js';
import type { Decimal } from '../../billing/money.js';
import type { Pricing } from '../../billing/pricing.js';
import type { QueueState } from '../../jobs/job.js';
import type { QueueAddress } from '../../jobs/queue/layout.js';
import { addressOf, keyOf } from '../../jobs/queue/layout.js';
import {
  findQueueJob,
  forgetOthers,
  idsOfUser,
  listQueueIds,
  readCreations,
  readQueueRows,
  type DataCache,
} from '../../jobs/queue/reader.js';
import type { JobRow } from '../../jobs/row.js';
import type { JobSources } from '../../jobs/sources.js';
import type { RedisReader } from '../../redis/reader.js';

/** What every report about jobs needs. */
export interface JobAccess {
  redis: RedisReader;
  queue: QueueAddress;
  sources: JobSources;
  pricing: Pricing;
  /** Problems of the records that were read. */
  problems: CounterProblem[];
  /** Jobs whose data are too long to tell whether they name a user. */
  unread: ReadonlySet<string>;
  /** The number of jobs that waited for a worker when the queue was last listed. */
  waiting(): number;
  /** Returns the size and the cost by the record of a row. */
  priceOf(row: JobRow): { sizeBytes: bigint | null; cost: Decimal | null };
  /** Drops what is remembered of a job that is gone. Where the queue is listed, that happens by itself. */
  forget(id: string): void;
}

/** A queue, and the one to which the billing records belong, as NAME or PREFIX:NAME. */
export interface ChosenQueues {
  queue: string;
  billingQueue: string;
}

export interface AccessOptions extends ChosenQueues {
  redis: RedisReader;
  pricing: Pricing;
  signal: AbortSignal;
}

/** Not those of a paused queue: its workers leave them. */
const WAITS_FOR_WORKER = new Set<QueueState>(['waiting', 'prioritized']);

/** Billing records belong to one queue alone: other queues use the same ids. */
export function openJobAccess({
  redis,
  pricing,
  signal,
  queue: queueText,
  billingQueue,
}: AccessOptions): JobAccess {
  const queue = addressOf(queueText);
  const billed = addressOf(billingQueue);
  const isBilled = queue.prefix === billed.prefix && queue.name === billed.name;
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const unread = new Set<string>();
  const onData = (id: string, wasRead: boolean): void => {
    if (wasRead) unread.delete(id);
    else unread.add(id);
  };
  let latest: ReadonlyMap<string, QueueState> = new Map();
  const cache: DataCache = new Map();
  return {
    redis,
    queue,
    pricing,
    problems,
    unread,
    waiting: () => {
      let count = 0;
      for (const state of latest.values()) if (WAITS_FOR_WORKER.has(state)) count += 1;
      return count;
    },
    sources: {
      queue: {
        name: queue.name,
        ids: async () => {
          const ids = await listQueueIds(redis, queue);
          forgetOthers(cache, queue, ids);
          for (const id of unread) if (!ids.has(id)) unread.delete(id);
          latest = ids;
          return ids;
        },
        created: (wanted) => readCreations(redis, queue, wanted, signal),
        read: (wanted) => readQueueRows(redis, queue, wanted, { signal, cache, onData }),
        ofUser: (wanted, userId) => idsOfUser(redis, queue, wanted, { userId, signal, onData }),
        find: (id) => findQueueJob(redis, queue, id),
      },
      records: isBilled
        ? {
            scan: (userId) => scanJobRecords(redis, { userId, signal, onProblem }),
            read: (ids) => readJobRecords(redis, ids, { onProblem }),
          }
        : undefined,
    },
    priceOf: ({ record }) => {
      if (record === undefined) return { sizeBytes: null, cost: null };
      const { usage, cost, problems: found } = costOfRecord(pricing, record);
      problems.push(...found);
      return { sizeBytes: record.bytes === null ? null : usage.bytes, cost };
    },
    forget: (id) => {
      cache.delete(keyOf(queue, id));
      unread.delete(id);
    },
  };
}
