import type { HashFields, RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import type { Day } from './calendar.js';
import { dayKey } from './keys.js';
import type { CounterProblem } from './problems.js';
import { notAHash, notANumber } from './problems.js';
import type { Usage } from './usage.js';
import { USAGE_FIELDS, readUsage } from './usage.js';

/** Called for each counter that cannot be read. */
export type OnProblem = (problem: CounterProblem) => void;

/** The usage in a hash; `undefined` where there is none of its fields, or no hash. */
export function usageIn(key: string, fields: HashFields, onProblem: OnProblem): Usage | undefined {
  if (fields === 'wrong type') {
    onProblem(notAHash(key));
    return undefined;
  }
  if (fields.every((value) => value === null)) return undefined;
  return readUsage(fields, (field, value) => onProblem(notANumber(key, field, value)));
}

export interface DayUsage {
  day: Day;
  usage: Usage;
}

/** Days that are read together: some years of them are asked for by nobody but hostile people. */
const DAYS_AT_ONCE = 1000;

/** The days on which the user used something, in their order. */
export async function* readDays(
  redis: RedisReader,
  userId: string,
  days: Iterable<Day>,
  onProblem: OnProblem,
): AsyncGenerator<DayUsage> {
  let some: Day[] = [];
  for (const day of days) {
    some.push(day);
    if (some.length < DAYS_AT_ONCE) continue;
    yield* await readSome(redis, userId, some, onProblem);
    some = [];
  }
  yield* await readSome(redis, userId, some, onProblem);
}

async function readSome(
  redis: RedisReader,
  userId: string,
  days: readonly Day[],
  onProblem: OnProblem,
): Promise<DayUsage[]> {
  const keys = days.map((day) => dayKey(userId, day));
  const hashes = await readHashes(redis, keys, USAGE_FIELDS);
  return days.flatMap((day, index) => {
    const usage = usageIn(keys[index] ?? '', hashes[index] ?? [], onProblem);
    return usage === undefined ? [] : [{ day, usage }];
  });
}
