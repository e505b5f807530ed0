import { setTimeout as delay } from 'node:timers/promises';
import { readQueueEvents } from '../../../jobs/queue/events.js';
import type { CommandContext } from '../../argv/command.js';
import type { ChosenQueues, JobsContext } from './shared-options.js';
import { openJobs } from './shared-options.js';
import { EventFeed } from './event-feed.js';
import { isUnavailable } from './results.js';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
/** Well below the time that an answer is waited for. */
const BLOCK_MS = 5_000;

export interface Connected {
  jobsContext: JobsContext;
  feed: EventFeed;
  /** To be called after each successful reading. */
  hasRead: () => void;
}

/**
 * Does long work with two connections: one for requests, and one for the events of the queue. When they
 * are lost, or reading is refused later, it calls `onLost` and starts the work again with new ones, after a
 * delay that grows until the work calls `hasRead`. Rejects where even the first ones cannot be used.
 */
export async function withConnections<Result>(
  context: CommandContext,
  queues: ChosenQueues,
  { onLost, work }: { onLost: (error: Error) => void; work: (c: Connected) => Promise<Result> },
): Promise<Result> {
  const { signal } = context;
  const past = { wasRead: false };
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS)) {
    const hasRead = (): void => {
      past.wasRead = true;
      delayMs = FIRST_DELAY_MS;
    };
    const closes: (() => void)[] = [];
    const ended = new AbortController();
    try {
      const [main, events] = [await context.connectRedis(), await context.connectRedis()];
      closes.push(main.close, events.close);
      const jobsContext = await openJobs(context, queues, main.redis);
      const feed = new EventFeed();
      const stop = (): void => ended.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      closes.push(() => signal.removeEventListener('abort', stop));
      const options = { signal: ended.signal, blockMs: BLOCK_MS };
      const following = feed.follow(readQueueEvents(events.redis, jobsContext.queue, options));
      try {
        return await work({ jobsContext, feed, hasRead });
      } finally {
        ended.abort();
        for (const close of closes) close();
        await following;
      }
    } catch (error) {
      for (const close of closes) close();
      signal.throwIfAborted();
      if (!past.wasRead || !isUnavailable(error)) throw error;
      onLost(error);
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}
