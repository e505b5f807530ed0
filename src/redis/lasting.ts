import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { isMangamotionError } from '../errors.js';
import { connectOnce, type RedisTarget, withOneTimer } from './connect.js';
import type { RedisReader } from './reader.js';

const FIRST_DELAY_MS = 100;

/**
 * A connection for a process that lives long: made at the first command, and made anew by the next
 * one after it broke. A command waits for it for so long, and then for its answer, before it rejects
 * with `unreachable`. Nothing is ever sent twice: a command that was under way when the connection
 * broke may have been carried out. While no command is under way, the connection does not keep the
 * process alive.
 */
export class LastingConnection implements RedisReader {
  readonly #target: RedisTarget;
  readonly #waitMs: number;
  #connection: Promise<Redis> | undefined;
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
    return { exec: () => this.#with((redis) => withOneTimer(redis).pipeline(commands).exec()) };
  }

  /** A later command connects again. One that is under way may end `unreachable`. */
  close(): void {
    const closing = this.#connection;
    this.#connection = undefined;
    closing?.then(
      (redis) => redis.disconnect(),
      () => undefined,
    );
  }

  async #with<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    this.#underWay += 1;
    let redis: Redis | undefined;
    try {
      redis = await (this.#connection ??= this.#remembered());
      if (!redis.stream.destroyed) redis.stream.ref();
      return await work(redis);
    } catch (error) {
      // Whoever does not answer one command may never answer the next: it gets a new connection.
      const isLate = error instanceof Error && error.message === 'Command timed out';
      if (isLate && redis?.status === 'ready') redis.disconnect();
      throw error;
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0 && redis?.stream.destroyed === false) redis.stream.unref();
    }
  }

  /** A new connection, forgotten when it ends or cannot be made. */
  #remembered(): Promise<Redis> {
    const connection = this.#connect();
    const forget = (): void => {
      if (this.#connection === connection) this.#connection = undefined;
    };
    connection.then((redis) => redis.once('end', forget), forget);
    return connection;
  }

  async #connect(): Promise<Redis> {
    const giveUpAtMs = performance.now() + this.#waitMs;
    for (let delayMs = FIRST_DELAY_MS; ; delayMs *= 2) {
      try {
        return await connectOnce(this.#target, { commandTimeoutMs: this.#waitMs });
      } catch (error) {
        const mayPass = isMangamotionError(error, 'unreachable');
        if (!mayPass || performance.now() + delayMs > giveUpAtMs) throw error;
        await delay(delayMs);
      }
    }
  }
}
