import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { refuseCluster } from '../../redis/cluster.js';
import { type RedisTarget, connectOnce, withOneTimer } from '../../redis/connect.js';
import { translateRedisError } from '../../redis/errors.js';
import { withTranslatedErrors } from '../../redis/reader.js';
import { loadBullMQ } from './load.js';
import { QUEUE_PREFIX } from './queue.js';

/** The time limit of one command; there are only short ones. */
const COMMAND_TIMEOUT_MS = 10_000;

interface Opened {
  redis: Redis;
  queue: Queue;
}

/**
 * The head's connection to the queue, made when it is needed. A connection that fails is dropped, and the
 * next call makes another one: nothing waits for Redis to come back, and nothing is sent twice.
 */
export class QueueConnection {
  readonly #target: RedisTarget;
  readonly #name: string;
  readonly #commandTimeoutMs: number;
  #opening: Promise<Opened> | undefined;

  constructor({
    target,
    queue,
    commandTimeoutMs = COMMAND_TIMEOUT_MS,
  }: {
    target: RedisTarget;
    queue: string;
    commandTimeoutMs?: number;
  }) {
    this.#target = target;
    this.#name = queue;
    this.#commandTimeoutMs = commandTimeoutMs;
  }

  /** Does the work. Rejects with `unreachable` or `access_denied` where Redis fails. */
  async use<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    const opening = (this.#opening ??= this.#open());
    try {
      return await work(await opening);
    } catch (error) {
      if (this.#opening === opening) this.#opening = undefined;
      opening.then(end, () => undefined);
      throw translateRedisError(error, this.#target);
    }
  }

  close(): void {
    this.#opening?.then(end, () => undefined);
    this.#opening = undefined;
  }

  async #open(): Promise<Opened> {
    const bull = await loadBullMQ();
    const redis = await connectOnce(this.#target, { commandTimeoutMs: this.#commandTimeoutMs });
    try {
      const reader = withTranslatedErrors(withOneTimer(redis), this.#target);
      await refuseCluster(reader, `${QUEUE_PREFIX}:*`);
      const queue = new bull.Queue(this.#name, {
        connection: redis,
        prefix: QUEUE_PREFIX,
        // What workers need to know is written with each offer, which a flush does not survive.
        skipMetasUpdate: true,
        // It would print warnings. What matters of them is checked elsewhere.
        skipVersionCheck: true,
      });
      // Each command rejects with the same error.
      queue.on('error', () => undefined);
      await queue.waitUntilReady();
      return { redis, queue };
    } catch (error) {
      redis.disconnect();
      throw error;
    }
  }
}

function end({ redis }: Opened): void {
  redis.disconnect();
}
