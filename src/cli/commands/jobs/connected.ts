import { setTimeout as delay } from 'node:timers/promises';
import { readQueueEvents } from '../../../jobs/queue/events.js';
import type { CommandContext } from '../../argv/command.js';
import type { ChosenQueues, JobAccess } from '../../../reports/jobs/access.js';
import { openJobs } from './shared-options.js';
import { EventFeed } from './event-feed.js';
import { isUnavailable } from '../../../reports/jobs/store-access.js';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
/** Well below the time that an answer is waited for. */
const BLOCK_MS = 5_000;

export interface Connected {
  jobsContext: JobAccess;
  feed: EventFeed;
  /** The work calls this after each successful reading: if it fails later, the delay begins anew. */
  hasRead: () => void;
}

interface ConnectionsUse<Result> {
  onLost: (error: Error) => void;
  onRefused: (error: Error) => void;
  work: (connected: Connected) => Promise<Result>;
}

/**
 * Does long work with two connections: one for requests, and one for the events of the queue. When they
 * are lost, or reading is refused later, it calls `onLost` and starts the work again with new ones, after a
 * delay that grows until the work has called `hasRead`, and events were read too. Where they cannot be read, it
 * calls `onRefused`, and the work goes on without them. Rejects where even the first connections cannot be
 * used.
 */
export async function withConnections<Result>(
  context: CommandContext,
  queues: ChosenQueues,
  { onLost, onRefused, work }: ConnectionsUse<Result>,
): Promise<Result> {
  const { signal } = context;
  const past = { wasRead: false };
  for (let delayMs = FIRST_DELAY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS)) {
    const feed = new EventFeed();
    const round = { isRead: false, isFeedRefused: false };
    const hasRead = (): void => {
      past.wasRead = true;
      round.isRead = true;
    };
    const closes: (() => void)[] = [];
    const ended = new AbortController();
    try {
      const [main, events] = [await context.connectRedis(), await context.connectRedis()];
      closes.push(main.close, events.close);
      const jobsContext = await openJobs(context, queues, main.redis);
      const stop = (): void => ended.abort(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      closes.push(() => signal.removeEventListener('abort', stop));
      const options = { signal: ended.signal, blockMs: BLOCK_MS };
      const following = feed.follow(
        readQueueEvents(events.redis, jobsContext.queue, options),
        onRefused,
      );
      try {
        return await work({ jobsContext, feed, hasRead });
      } finally {
        // Jobs may be read although events are refused, again and again.
        round.isFeedRefused = feed.hasFailed && !feed.isSettled;
        ended.abort();
        for (const close of closes) close();
        await following;
      }
    } catch (error) {
      for (const close of closes) close();
      signal.throwIfAborted();
      if (!past.wasRead || !isUnavailable(error)) throw error;
      if (round.isRead && !round.isFeedRefused) delayMs = FIRST_DELAY_MS;
      onLost(error);
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
      signal.throwIfAborted();
    }
  }
}
