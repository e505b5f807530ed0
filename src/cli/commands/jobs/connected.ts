import { setTimeout as delay } from 'node:timers/promises';
import { isMangamotionError } from '../../../errors.js';
import { readQueueEvents } from '../../../jobs/queue/events.js';
import type { CommandContext } from '../../argv/command.js';
import type { ChosenQueues, JobsContext } from './shared-options.js';
import { openJobs } from './shared-options.js';
import { EventFeed } from './event-feed.js';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
/** Well below the time that an answer is waited for. */
const BLOCK_MS = 5_000;

export interface Connected {
  jobsContext: JobsContext;
  feed: EventFeed;
}

/**
 * Does long work with two connections: one for requests, and one for the events of the queue. When they
 * are lost, it calls `onLost` and starts the work again with new ones. Rejects where even the first ones
 * cannot be opened.
 */
export async function withConnections<Result>(
  context: CommandContext,
  queues: ChosenQueues,
  { onLost, work }: { onLost: (error: Error) => void; work: (c: Connected) => Promise<Result> },
): Promise<Result> {
  const { signal } = context;
  let wasConnected = false;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS)) {
    const closes: (() => void)[] = [];
    const ended = new AbortController();
    try {
      const [main, events] = [await context.connectRedis(), await context.connectRedis()];
      closes.push(main.close, events.close);
      const jobsContext = await openJobs(context, queues, main.redis);
      wasConnected = true;
      const feed = new EventFeed();
      const options = { signal: AbortSignal.any([signal, ended.signal]), blockMs: BLOCK_MS };
      const following = feed.follow(readQueueEvents(events.redis, jobsContext.queue, options));
      delayMs = FIRST_DELAY_MS;
      try {
        return await work({ jobsContext, feed });
      } finally {
        ended.abort();
        for (const close of closes) close();
        await following;
      }
    } catch (error) {
      for (const close of closes) close();
      signal.throwIfAborted();
      if (!wasConnected || !isMangamotionError(error, 'unreachable')) throw error;
      onLost(error);
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}
