import { createHash } from 'node:crypto';
import type { RedisReader } from '../redis/reader.js';

/** A script that Redis runs without letting anyone in between, sent whole only where it is not known. */
export interface Script {
  run(
    redis: RedisReader,
    keys: readonly (string | Buffer)[],
    args: readonly (string | number | Buffer)[],
  ): Promise<unknown>;
}

export function createScript(text: string): Script {
  const sha1 = createHash('sha1').update(text).digest('hex');
  return {
    run: async (redis, keys, args) => {
      const operands = [keys.length, ...keys, ...args];
      try {
        return await redis.call('EVALSHA', sha1, ...operands);
      } catch (error) {
        if (!hasPrefix(error, 'NOSCRIPT')) throw error;
        return await redis.call('EVAL', text, ...operands);
      }
    },
  };
}

/** Whether an error reply of Redis begins with this word. */
export function hasPrefix(error: unknown, prefix: string): error is Error {
  return error instanceof Error && error.message.startsWith(`${prefix} `);
}
