import { describe, expect, it } from 'vitest';
import type { RedisReader } from '../../../src/redis/reader.js';
import { EvictionWatch } from '../../../src/serve/eviction-watch.js';

/** A Redis that answers INFO, or fails. */
function redisWith(info: () => string): { redis: RedisReader; asked: () => number } {
  let count = 0;
  const call = (): Promise<string> => {
    count += 1;
    return new Promise((resolve) => resolve(info()));
  };
  return { redis: { call } as unknown as RedisReader, asked: () => count };
}

const EVICTED = 'evicted_keys:3\r\nmaxmemory:10\r\nmaxmemory_policy:noeviction\r\n';

describe('the watch over evicted keys', () => {
  it('is asked once by requests at the same time, and remembers the answer', async () => {
    const { redis, asked } = redisWith(() => EVICTED);
    const watch = new EvictionWatch(redis);
    const texts = await Promise.all([watch.warning(), watch.warning()]);
    texts.push(await watch.warning());
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('Redis has evicted 3 keys since it started');
    // Two sections.
    expect(asked()).toBe(2);
  });

  it('asks again when the answer is old, and keeps it while Redis is away', async () => {
    let text: string | undefined;
    const { redis } = redisWith(() => {
      if (text === undefined) throw new Error('away');
      return text;
    });
    const watch = new EvictionWatch(redis, 0);
    expect(await watch.warning()).toBeUndefined();
    text = EVICTED;
    expect(await watch.warning()).toContain('evicted 3 keys');
    text = undefined;
    expect(await watch.warning()).toContain('evicted 3 keys');
    text = 'evicted_keys:0\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n';
    expect(await watch.warning()).toBeUndefined();
  });
});
