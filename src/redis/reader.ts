import { MangamotionError } from '../errors.js';
import { isWrongType, type RedisName, translateRedisError, unexpectedReply } from './errors.js';
import { checkReply } from './shapes.js';

/**
 * What the toolkit needs of a connection: a `Redis` of any major version of ioredis has it. It must
 * have no keyPrefix, which SCAN would ignore.
 */
export interface RedisReader {
  call(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  callBuffer(command: string, ...args: (string | Buffer | number)[]): Promise<unknown>;
  pipeline(commands: unknown[][]): { exec(): Promise<[Error | null, unknown][] | null> };
  /** What errors call the server, where that is known. */
  server?: RedisName;
}

/** The values of the fields, `null` for an absent one; or that the key holds no hash. */
export type HashFields = (string | null)[] | 'wrong type';

/** Commands that are sent at once: their answers lie in memory together. */
const MOST_AT_ONCE = 1000;

/** The same fields of many hashes, in their order. A key that does not exist has no fields. */
export async function readHashes(
  redis: RedisReader,
  keys: readonly (string | Buffer)[],
  fields: readonly string[],
): Promise<HashFields[]> {
  const answers: HashFields[] = [];
  for (let from = 0; from < keys.length; from += MOST_AT_ONCE) {
    const some = keys.slice(from, from + MOST_AT_ONCE);
    const commands = some.map((key) => ['hmget', key, ...fields]);
    for (const [at, [error, values]] of (await sendAll(redis, commands)).entries()) {
      if (error !== null && !isWrongType(error)) throw error;
      if (error === null) checkReply(redis, commands[at] ?? [], values);
      answers.push(error === null ? (values as (string | null)[]) : 'wrong type');
    }
  }
  return answers;
}

/** Whether each key expires: `gone` where it does not exist (any more). */
export async function readLives(
  redis: RedisReader,
  keys: readonly (string | Buffer)[],
): Promise<('for ever' | 'limited' | 'gone')[]> {
  const commands = keys.map((key) => ['ttl', key]);
  return (await sendAll(redis, commands)).map(([error, seconds]) => {
    if (error !== null) throw error;
    checkReply(redis, ['ttl'], seconds);
    return seconds === -2 ? 'gone' : seconds === -1 ? 'for ever' : 'limited';
  });
}

/** Sends the commands together. Resolves to a reply for each; rejects with `unreachable` where there is none. */
export async function sendAll(
  redis: RedisReader,
  commands: unknown[][],
): Promise<[Error | null, unknown][]> {
  const replies = await redis.pipeline(commands).exec();
  if (replies?.length !== commands.length) throw unexpectedReply(redis.server, 'a pipeline');
  return replies;
}

/** Replies that the sender of the command handles itself. */
const EXPECTED = /^(WRONGTYPE|NOSCRIPT|BADCOUNTER) /;

/** Returns the connection with errors that users understand; see `translateRedisError`. */
export function withTranslatedErrors(redis: RedisReader, server: RedisName): RedisReader {
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
    server,
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

/** Returns the connection with a time limit on every answer, then `unreachable`. */
export function withDeadline(redis: RedisReader, timeoutMs: number): RedisReader {
  const inTime = <T>(answer: Promise<T>) => raceAgainst(timeoutMs, answer);
  return {
    ...(redis.server !== undefined && { server: redis.server }),
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
