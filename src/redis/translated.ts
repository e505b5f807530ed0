import { translateRedisError } from './errors.js';
import type { RedisReader } from './reader.js';

/** Replies that whoever sent the command knows what to do about. */
const EXPECTED = /^(WRONGTYPE|NOSCRIPT|BADCOUNTER) /;

/** The same connection, with errors that users understand; see `translateRedisError`. */
export function withTranslatedErrors(redis: RedisReader, server: string): RedisReader {
  const translate = (error: unknown): unknown =>
    error instanceof Error && EXPECTED.test(error.message)
      ? error
      : translateRedisError(error, server);
  const translated = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw translate(error);
    }
  };
  return {
    call: (...command) => translated(redis.call(...command)),
    callBuffer: (...command) => translated(redis.callBuffer(...command)),
    pipeline: (commands) => ({
      exec: async () => {
        const replies = await translated(redis.pipeline(commands).exec());
        for (const reply of replies ?? []) {
          if (reply[0] !== null) reply[0] = translate(reply[0]) as Error;
        }
        return replies;
      },
    }),
  };
}
