import { Redis } from 'ioredis';
import { type RedisTarget, optionsOf } from './connect.js';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 5_000;
/** A connection on which a command has no answer for so long is dead: a firewall may have forgotten it. */
const SOCKET_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 10_000;

/**
 * A connection that is made again whenever it breaks, for BullMQ, which waits for that. Its commands wait
 * too, without end. It must have a listener for `error`.
 */
export function reconnecting(target: RedisTarget): Redis {
  const retry = (times: number) =>
    Math.min(FIRST_DELAY_MS * 2 ** Math.min(times - 1, 10), LONGEST_DELAY_MS);
  return new Redis({
    ...optionsOf(target),
    // One that connects at its first command gives up for good where that finds nobody.
    lazyConnect: false,
    retryStrategy: retry,
    sentinelRetryStrategy: retry,
    maxRetriesPerRequest: null,
    socketTimeout: SOCKET_TIMEOUT_MS,
    keepAlive: KEEP_ALIVE_MS,
    // Otherwise a Redis that is still loading would be asked for a job thousands of times a second.
    enableReadyCheck: true,
  });
}
