import type { HashFields, RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { readAhead, scanKeyTexts } from '../redis/scan.js';
import type { Month } from './calendar.js';
import type { OnProblem } from './counters.js';
import { billedUsageIn } from './counters.js';
import { USER_KEYS, dayKey, dayKeysIn, partsOfDayKey, userKey, userOfKey } from './keys.js';
import { UsageLedger } from './usage-ledger.js';
import type { Usage } from './usage.js';
import { NO_USAGE, USAGE_FIELDS } from './usage.js';

/** The bill of a month needs only the first fields. */
const BILLED_FIELDS = USAGE_FIELDS.slice(0, 3);

/** The counters of users, by rows. Rows are numbered as users are found. */
export interface UserCounters {
  /** The row of each user. */
  rows: Map<string, number>;
  userIds: string[];
  lifetime: UsageLedger;
  inMonth: UsageLedger;
}

export function noCounters(): UserCounters {
  return {
    rows: new Map(),
    userIds: [],
    lifetime: new UsageLedger(),
    inMonth: new UsageLedger(),
  };
}

export interface ReadRequest {
  signal: AbortSignal;
  /** Called with the number of users that have been read. */
  onProgress: (users: number) => void;
}

interface UserHash {
  userId: string;
  fields: HashFields;
}

/** Yields the lifetime counters of all users, a page at a time; a user may come twice. */
export function readLifetimes(redis: RedisReader, signal: AbortSignal): AsyncGenerator<UserHash[]> {
  return readAhead(scanKeyTexts(redis, USER_KEYS, signal), async (keys) => {
    const hashes = await readHashes(redis, keys, USAGE_FIELDS);
    return keys.map((key, at) => ({ userId: userOfKey(key), fields: hashes[at] ?? [] }));
  });
}

/** Returns `undefined` where the key holds no hash. A record may have none of our fields. */
export function lifetimeIn({ userId, fields }: UserHash, onProblem: OnProblem): Usage | undefined {
  const usage = billedUsageIn(userKey(userId), fields, onProblem);
  return fields === 'wrong type' ? undefined : (usage ?? NO_USAGE);
}

/** Adds a row for each user with a lifetime record. */
export async function addLifetimes(
  redis: RedisReader,
  { rows, userIds, lifetime }: UserCounters,
  { signal, onProgress }: ReadRequest,
  onProblem: OnProblem,
): Promise<void> {
  for await (const page of readLifetimes(redis, signal)) {
    for (const hash of page) {
      const { userId, fields } = hash;
      // A scan may return a key twice.
      if (rows.has(userId)) continue;
      const row = userIds.length;
      if (fields === 'wrong type' || !lifetime.addShort(row, fields)) {
        const usage = lifetimeIn(hash, onProblem);
        if (usage === undefined) continue;
        lifetime.add(row, usage);
      }
      rows.set(userId, row);
      userIds.push(userId);
    }
    onProgress(userIds.length);
  }
}

/** Adds the days of a month to the rows of their users, and rows for users without a lifetime record. */
export async function addDaysOf(
  month: Month,
  redis: RedisReader,
  { rows, userIds, inMonth }: UserCounters,
  { signal, onProgress }: ReadRequest,
  onProblem: OnProblem,
): Promise<void> {
  // A bit for each day that was added, by row: a scan may return a key twice.
  const added: number[] = [];
  for await (const keys of scanKeyTexts(redis, dayKeysIn(month), signal)) {
    const hashes = await readHashes(redis, keys, BILLED_FIELDS);
    for (const [index, key] of keys.entries()) {
      const parts = partsOfDayKey(key);
      if (parts === undefined) continue;
      const { userId, day } = parts;
      const row = rows.get(userId) ?? userIds.length;
      const before = added[row] ?? 0;
      const bit = 1 << (Number(day.slice(-2)) - 1);
      if ((before & bit) !== 0) continue;
      const fields = hashes[index] ?? [];
      const isEmpty = fields === 'wrong type' || fields.every((value) => value === null);
      if (isEmpty || !inMonth.addShort(row, fields)) {
        const usage = billedUsageIn(dayKey(userId, day), fields, onProblem);
        if (usage === undefined) continue;
        inMonth.add(row, usage);
      }
      if (row === userIds.length) {
        rows.set(userId, row);
        userIds.push(userId);
      }
      added[row] = before | bit;
    }
    onProgress(userIds.length);
  }
}
