import { MangamotionError } from '../errors.js';
import type { RedisReader } from './reader.js';

/** The same connection, each of whose answers is waited for so long, then `unreachable`. */
export function withDeadline(redis: RedisReader, timeoutMs: number): RedisReader {
  const inTime = <T>(answer: Promise<T>) => raceAgainst(timeoutMs, answer);
  return {
    call: (...command) => inTime(redis.call(...command)),
    callBuffer: (...command) => inTime(redis.callBuffer(...command)),
    pipeline: (commands) => ({ exec: () => inTime(redis.pipeline(commands).exec()) }),
  };
}

async function raceAgainst<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new MangamotionError('unreachable', `no answer from Redis within ${timeoutMs} ms`, {
          hint: 'whether a tracking call counted is not known: repeat it with the same event id',
        }),
      );
    }, timeoutMs);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
