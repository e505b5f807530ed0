import type { Redis } from 'ioredis';
import type { RedisReader } from '../../src/redis/reader.js';
import type { QueueAddress } from '../../src/jobs/queue/layout.js';
import { PLACES, keyOf } from '../../src/jobs/queue/layout.js';

/** Jobs put straight into the keys of BullMQ, for what no producer does at the wanted moment. */
export class RawQueue {
  constructor(
    readonly redis: Redis,
    readonly address: QueueAddress,
  ) {}

  key(suffix: string): string {
    return keyOf(this.address, suffix);
  }

  async addJob(id: string, place: string, fields: Record<string, string> = {}): Promise<void> {
    await this.redis.hset(this.key(id), { name: 'render', data: '{}', opts: '{}', ...fields });
    await this.moveJob(id, place);
  }

  /** In one step from wherever it is, and with the event that it leaves. */
  async moveJob(id: string, to: string): Promise<void> {
    const moving = this.redis.multi();
    for (const { suffix, type } of PLACES) {
      if (type === 'list') moving.lrem(this.key(suffix), 0, id);
      else moving.zrem(this.key(suffix), id);
    }
    const isList = PLACES.some(({ suffix, type }) => suffix === to && type === 'list');
    if (isList) moving.lpush(this.key(to), id);
    else moving.zadd(this.key(to), Date.now(), id);
    moving.xadd(this.key('events'), '*', 'event', to, 'jobId', id);
    await moving.exec();
  }

  /** So many jobs without hashes: ids alone. */
  async addIds(place: string, count: number): Promise<void> {
    const isList = PLACES.some(({ suffix, type }) => suffix === place && type === 'list');
    for (let from = 0; from < count; from += 10_000) {
      const some = Array.from(
        { length: Math.min(10_000, count - from) },
        (_none, n) => from + n + 1,
      );
      if (isList) await this.redis.lpush(this.key(place), ...some);
      else await this.redis.zadd(this.key(place), ...some.flatMap((id) => [id, String(id)]));
    }
  }
}

/** The same connection, which before each command does something and waits for it. */
export function interposed(
  redis: RedisReader,
  before: (command: string, args: readonly unknown[]) => Promise<unknown>,
): RedisReader {
  return {
    call: async (command, ...args) => {
      await before(command, args);
      return await redis.call(command, ...args);
    },
    callBuffer: async (command, ...args) => {
      await before(command, args);
      return await redis.callBuffer(command, ...args);
    },
    pipeline: (commands) => ({
      exec: async () => {
        await before('pipeline', commands);
        return await redis.pipeline(commands).exec();
      },
    }),
  };
}
