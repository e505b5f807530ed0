import type { Decimal } from '../../../billing/money.js';
import type { Pricing } from '../../../billing/pricing.js';
import type { CounterProblem } from '../../../billing/counters.js';
import { MangamotionError } from '../../../errors.js';
import type { QueueState } from '../../../jobs/job.js';
import type { JobRow } from '../../../jobs/row.js';
import type { JobSources } from '../../../jobs/sources.js';
import type { QueueAddress } from '../../../jobs/queue/layout.js';
import { DEFAULT_PREFIX, DEFAULT_QUEUE } from '../../../jobs/queue/layout.js';
import type { DataCache } from '../../../jobs/queue/reader.js';
import type { RedisReader } from '../../../redis/reader.js';
import type { CommandContext } from '../../argv/command.js';

/** What every command about jobs needs. */
export interface JobsContext {
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
}

/** Which queue a command is about, and to which one the billing records belong. */
export const QUEUE_OPTIONS = {
  queue: {
    value: 'name',
    description: `the queue, as NAME or PREFIX:NAME; the prefix is ${DEFAULT_PREFIX} unless given`,
    parse: readQueue,
    default: DEFAULT_QUEUE,
  },
  billingQueue: {
    value: 'name',
    description: 'the queue to whose jobs the billing records belong',
    parse: readQueue,
    default: DEFAULT_QUEUE,
  },
} as const;

export const ANY_BUCKET_OPTION = {
  description: 'look for a result in any bucket that the return value of the job names',
} as const;

export interface ChosenQueues {
  queue: string;
  billingQueue: string;
}

function readQueue(text: string): string {
  if (/^(?:.+:)?[^:]+$/s.test(text)) return text;
  throw new MangamotionError('usage', 'must be the name of a queue, or PREFIX:NAME');
}

/** A prefix may contain colons, the name of a queue may not. */
export function addressOf(text: string): QueueAddress {
  const at = text.lastIndexOf(':');
  if (at === -1) return { prefix: DEFAULT_PREFIX, name: text };
  return { prefix: text.slice(0, at), name: text.slice(at + 1) };
}

/** Not those of a paused queue: its workers leave them. */
const WAITS_FOR_WORKER = new Set<QueueState>(['waiting', 'prioritized']);

/** Billing records belong to one queue alone: other queues use the same ids. */
export async function openJobs(
  context: CommandContext,
  { queue: queueText, billingQueue }: ChosenQueues,
  connected?: RedisReader,
): Promise<JobsContext> {
  const { billing } = await context.config();
  const [reader, records, { createPricing }, redis] = await Promise.all([
    import('../../../jobs/queue/reader.js'),
    import('../../../billing/job-records.js'),
    import('../../../billing/pricing.js'),
    connected ?? context.openRedis(),
  ]);
  const queue = addressOf(queueText);
  const { signal } = context;
  const pricing = createPricing(billing);
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const billed = addressOf(billingQueue);
  const isBilled = queue.prefix === billed.prefix && queue.name === billed.name;
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
          const ids = await reader.listQueueIds(redis, queue);
          reader.forgetOthers(cache, queue, ids);
          for (const id of unread) if (!ids.has(id)) unread.delete(id);
          latest = ids;
          return ids;
        },
        created: (wanted) => reader.readCreations(redis, queue, wanted, signal),
        read: (wanted) => reader.readQueueRows(redis, queue, wanted, { signal, cache, onData }),
        ofUser: (wanted, userId) =>
          reader.idsOfUser(redis, queue, wanted, {
            ...{ userId, signal, onData },
          }),
        find: (id) => reader.findQueueJob(redis, queue, id),
      },
      records: isBilled
        ? {
            scan: (userId) => records.scanJobRecords(redis, { userId, signal, onProblem }),
            read: (ids) => records.readJobRecords(redis, ids, { onProblem }),
          }
        : undefined,
    },
    priceOf: ({ record }) => {
      if (record === undefined) return { sizeBytes: null, cost: null };
      const { usage, cost, problems: found } = records.costOfRecord(pricing, record);
      problems.push(...found);
      return { sizeBytes: record.bytes === null ? null : usage.bytes, cost };
    },
  };
}

/** Rejects with `not_found` where someone asked for a queue that is not there, with those that are. */
export async function expectQueue(
  context: CommandContext,
  { redis, queue, sources }: JobsContext,
): Promise<void> {
  const { listQueueNames, queueExists } = await import('../../../jobs/queue/reader.js');
  if (await queueExists(redis, queue)) return;
  const names = await listQueueNames(redis, queue.prefix, context.signal);
  const there = names.length === 0 ? 'there are no queues' : `there are ${names.join(', ')}`;
  const what = `no queue ${queue.name} (prefix ${queue.prefix}) in this Redis: ${there}`;
  // Billing records are still there when a queue has been flushed.
  if (sources.records === undefined) {
    throw new MangamotionError('not_found', what, { hint: 'choose another queue with --queue' });
  }
  context.progress.note(`note: ${what}; choose another queue with --queue`);
}
