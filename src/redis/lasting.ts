import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { isMangamotionError } from '../errors.js';
import { connectOnce, type RedisTarget } from './connect.js';
import type { RedisReader } from './reader.js';

const FIRST_DELAY_MS = 100;

/**
 * A connection for a process that lives long: made at the first command, and made anew by the next
 * one after it broke. A command waits for it for so long, then rejects with `unreachable`. Nothing is
 * ever sent twice: a command that was under way when the connection broke may have been carried out.
 * While no command is under way, the connection does not keep the process alive.
 */
export class LastingConnection implements RedisReader {
  readonly #target: RedisTarget;
  readonly #waitMs: number;
  #connection: Promise<Redis> | undefined;
  #open: Redis | undefined;
  #underWay = 0;

  constructor(target: RedisTarget, waitMs: number) {
    this.#target = target;
    this.#waitMs = waitMs;
  }

  call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    return this.#with((redis) => redis.call(command, ...args));
  }

  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown> {
    return this.#with((redis) => redis.callBuffer(command, ...args));
  }

  pipeline(commands: unknown[][]): ReturnType<RedisReader['pipeline']> {
    return { exec: () => this.#with((redis) => redis.pipeline(commands).exec()) };
  }

  /** A later command connects again. */
  close(): void {
    this.#connection = undefined;
    this.#open?.disconnect();
    this.#open = undefined;
  }

  async #with<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      const redis = await (this.#connection ??= this.#connect());
      redis.stream.ref();
      return await work(redis);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#open?.stream.unref();
    }
  }

  async #connect(): Promise<Redis> {
    const giveUpAtMs = performance.now() + this.#waitMs;
    for (let delayMs = FIRST_DELAY_MS; ; delayMs *= 2) {
      try {
        const redis = await connectOnce(this.#target);
        this.#open = redis;
        redis.once('end', () => {
          if (this.#open === redis) this.#connection = this.#open = undefined;
        });
        return redis;
      } catch (error) {
        const mayPass = isMangamotionError(error, 'unreachable');
        if (!mayPass || performance.now() + delayMs > giveUpAtMs) {
          this.#connection = undefined;
          throw error;
        }
        await delay(delayMs);
      }
    }
  }
}
