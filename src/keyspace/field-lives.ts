import { messageOf } from '../errors.js';
import { isRefusedByServer, isWrongType, unexpectedReply } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { ask } from './ask.js';
import { pairsOf } from './replies.js';
import type { FieldLife, RedisText } from './value.js';

/**
 * Single fields of a hash expire since Redis 7.4 and Valkey 9. No command gives the values together
 * with the times, so that a hash is read again behind them: only what did not change counts.
 */

type Pairs = readonly [RedisText, RedisText][];

/** The first versions of the two that let fields expire. */
export const FIELD_LIVES_SINCE = 'Redis 7.4 or Valkey 9';

const known = new WeakMap<RedisReader, boolean>();

/** Whether fields of a hash can expire on this server. `key`: one that may be read. */
export async function hasFieldLives(redis: RedisReader, key: RedisText): Promise<boolean> {
  const before = known.get(redis);
  if (before !== undefined) return before;
  let has = true;
  try {
    await redis.call('HPEXPIRETIME', key, 'FIELDS', '1', 'f');
  } catch (error) {
    if (!isWrongType(error)) {
      if (!isRefusedByServer(error)) throw error;
      // A right that is missing is met again where the fields are read, and then named.
      has = !/unknown command/i.test(messageOf(error));
    }
  }
  known.set(redis, has);
  return has;
}

/** A hash in this form has no field that expires: Redis and Valkey store such a one in another. */
export function isWithoutFieldLives(encoding: unknown): boolean {
  return encoding === 'listpack' || encoding === 'ziplist';
}

/** Asks when each of the fields, of which there is at least one, expires. */
export function lifeOfFields(key: RedisText, pairs: Pairs): unknown[] {
  const fields = pairs.map(([field]) => field);
  return ['call', 'HPEXPIRETIME', key, 'FIELDS', String(fields.length), ...fields];
}

/** How often a hash is read that others change at the same time. */
const MOST_TRIES = 100;

interface LivingHash {
  value: [RedisText, RedisText][];
  lives: FieldLife[];
}

/** What was found of a hash; a text says why it cannot be read. */
export type FieldsRead = LivingHash | 'gone' | { refused: string };

/**
 * Reads hashes of which this is known until nothing changes between two readings, with the times
 * between. Each is of one moment.
 */
export async function readFieldLives(
  redis: RedisReader,
  hashes: ReadonlyMap<RedisText, Pairs>,
): Promise<Map<RedisText, FieldsRead>> {
  const found = new Map<RedisText, FieldsRead>();
  let pending = hashes;
  for (let tries = 0; tries < MOST_TRIES && pending.size > 0; tries++) {
    const commands = [...pending].flatMap(([key, pairs]) => [
      ['callBuffer', 'HGETALL', key],
      lifeOfFields(key, pairs),
      ['callBuffer', 'HGETALL', key],
    ]);
    const replies = await ask(redis, commands);
    const again = new Map<RedisText, Pairs>();
    for (const [at, [key, pairs]] of [...pending].entries()) {
      const read = fieldsIn(redis, pairs, replies.slice(3 * at, 3 * at + 3));
      if (Array.isArray(read)) again.set(key, read);
      else found.set(key, read);
    }
    pending = again;
  }
  for (const key of pending.keys()) {
    found.set(key, { refused: 'others changed it each time that it was read' });
  }
  return found;
}

/** Returns the pairs to try with again where something was changed meanwhile. */
function fieldsIn(
  redis: RedisReader,
  asked: Pairs,
  [early, times, late]: readonly unknown[],
): FieldsRead | [RedisText, RedisText][] {
  const refused = [early, times, late].find((reply) => reply instanceof Error);
  if (refused !== undefined) return { refused: messageOf(refused) };
  const value = pairsOf(early as unknown[]);
  if (value.length === 0) return 'gone';
  const isAsked = isSame(asked, value, ([a], [b]) => isSameText(a, b));
  const isStill = isSame(value, pairsOf(late as unknown[]), (a, b) => {
    return isSameText(a[0], b[0]) && isSameText(a[1], b[1]);
  });
  const lives = isAsked ? livesIn(redis, value, times) : undefined;
  // Where no field expires, the first reading is of one moment, whatever was written since.
  const isOfOneMoment = lives !== undefined && (isStill || lives.length === 0);
  return isOfOneMoment ? { value, lives } : value;
}

type Pair = readonly [RedisText, RedisText];

/** The order of a hash that nobody changes is the same. */
function isSame(a: Pairs, b: Pairs, isEqual: (a: Pair, b: Pair) => boolean): boolean {
  return (
    a.length === b.length &&
    a.every((pair, at) => {
      const other = b[at];
      return other !== undefined && isEqual(pair, other);
    })
  );
}

function isSameText(a: RedisText, b: RedisText): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.equals(b);
}

export const FIELD_IS_GONE = -2;
const LASTS = -1;

/** Returns `undefined` where one of the fields has gone since. */
function livesIn(redis: RedisReader, fields: Pairs, times: unknown): FieldLife[] | undefined {
  const read = timesOf(redis, fields.length, times);
  if (read.includes(FIELD_IS_GONE)) return undefined;
  return fields.flatMap(([field], at): FieldLife[] => {
    const expiresAtMs = read[at] ?? LASTS;
    return expiresAtMs === LASTS ? [] : [[field, expiresAtMs]];
  });
}

/** In milliseconds of Unix time; -1 for a field that does not expire, -2 for one that has gone. */
export function timesOf(redis: RedisReader, count: number, reply: unknown): number[] {
  // Of a key that has gone, versions answer with nothing.
  if (reply === null) return Array.from({ length: count }, () => FIELD_IS_GONE);
  const isRight =
    Array.isArray(reply) &&
    reply.length === count &&
    reply.every((time) => Number.isSafeInteger(time) && (time as number) >= FIELD_IS_GONE);
  if (!isRight) throw unexpectedReply(redis.server, 'HPEXPIRETIME');
  return reply as number[];
}
