import { createBilling } from '../../billing/billing.js';
import { USER_KEYS, DAY_KEYS, userOfKey } from '../../billing/keys.js';
import { type Usage, USAGE_FIELDS } from '../../billing/usage.js';
import { usageIn } from '../../billing/counters.js';
import { globOf } from '../../keyspace/glob.js';
import type { KeyLine } from '../../keyspace/line.js';
import { type HashFields, type RedisReader, readHashes } from '../../redis/reader.js';
import { readKeyLines, redisMembersOf } from '../../repository/key-members.js';
import type { OpenCommitted } from '../../repository/open-backup.js';
import type { Differences } from '../differences.js';

/** Keys whose figures are compared at once. */
const AT_ONCE = 500;
const METERS = globOf([USER_KEYS, DAY_KEYS]);
const USERS = globOf([USER_KEYS]);
const NOT_SAME = 'the report has other figures than the backup';

/**
 * Compares the usage of every user and day, as the reports read it, with that in the backup. Resolves
 * to a user of the backup, if there is one.
 */
export async function compareReports(
  redis: RedisReader,
  { archives, directory }: OpenCommitted,
  differences: Differences,
  signal: AbortSignal,
): Promise<string | undefined> {
  const archive = await archives.of(directory.archive);
  let someUser: string | undefined;
  for (const entry of redisMembersOf(directory)) {
    const lines = (await readKeyLines(archive, entry)).filter(isMeter);
    for (let from = 0; from < lines.length; from += AT_ONCE) {
      signal.throwIfAborted();
      const some = lines.slice(from, from + AT_ONCE);
      const answers = await readHashes(
        redis,
        some.map(({ key }) => key),
        USAGE_FIELDS,
      );
      for (const [at, line] of some.entries()) {
        const key = line.key.toString();
        if (USERS(line.key)) someUser ??= userOfKey(line.key);
        if (isSameUsage(usageOfLine(line), usageIn(key, answers[at] ?? 'wrong type', ignore)))
          continue;
        if (line.expiresAtMs !== null && line.expiresAtMs <= Date.now()) continue;
        differences.add({ bucket: 'redis', field: 'report', reason: NOT_SAME }, [key]);
      }
    }
  }
  return someUser;
}

function isMeter({ key, piece }: KeyLine): boolean {
  return piece === undefined && METERS(key);
}

function ignore(): void {
  // A counter that holds no number counts as 0 in both.
}

function usageOfLine({ key, content }: KeyLine): Usage | undefined {
  if (content.type !== 'hash') return undefined;
  const held = new Map(content.value.map(([field, value]) => [field.toString(), value.toString()]));
  const fields: HashFields = USAGE_FIELDS.map((field) => held.get(field) ?? null);
  return usageIn(key.toString(), fields, ignore);
}

function isSameUsage(a: Usage | undefined, b: Usage | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Object.entries(a).every(([name, value]) => b[name as keyof Usage] === value);
}

/** Counts a byte for a user with the tracker of the library. Returns what is wrong, if anything is. */
export async function trackerFault(
  redis: RedisReader,
  user: string,
  eventId: string,
): Promise<string | undefined> {
  const billing = createBilling({ redis });
  const before = await billing.getUserBillingSummary(user);
  await billing.trackBytesProcessed(user, 1, 'mangamotion-drill', { eventId });
  const after = await billing.getUserBillingSummary(user);
  const [from, to] = [BigInt(before.bytes_processed), BigInt(after.bytes_processed)];
  return to === from + 1n ? undefined : `a byte was tracked, and ${from} became ${to}`;
}
