import { MangamotionError } from '../../../errors.js';
import { DEFAULT_PREFIX, DEFAULT_QUEUE, isQueueText } from '../../../jobs/queue/layout.js';
import type { RedisReader } from '../../../redis/reader.js';
import type { ChosenQueues, JobAccess } from '../../../reports/jobs/access.js';
import type { StoreAccess } from '../../../reports/jobs/store-access.js';
import type { CommandContext } from '../../argv/command.js';

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

function readQueue(text: string): string {
  if (isQueueText(text)) return text;
  throw new MangamotionError('usage', 'must be the name of a queue, or PREFIX:NAME');
}

/** What the reports about jobs read from, with the connection of the command unless another is given. */
export async function openJobs(
  context: CommandContext,
  { queue, billingQueue }: ChosenQueues,
  connected?: RedisReader,
): Promise<JobAccess> {
  const { billing } = await context.config();
  const [{ openJobAccess }, { createPricing }, redis] = await Promise.all([
    import('../../../reports/jobs/access.js'),
    import('../../../billing/pricing.js'),
    connected ?? context.openRedis(),
  ]);
  const { signal } = context;
  const pricing = createPricing(billing);
  return openJobAccess({ redis, pricing, signal, queue, billingQueue });
}

/** The object store as the reports about jobs use it. */
export async function storeAccess(context: CommandContext): Promise<StoreAccess> {
  const { openStore, signal } = context;
  return { config: await context.config(), openStore: () => openStore(), signal };
}

/** Rejects with `not_found` where someone asked for a queue that is not there, with those that are. */
export async function expectQueue(
  context: CommandContext,
  { redis, queue, sources }: JobAccess,
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
