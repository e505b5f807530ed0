import type { RedisReader } from '../redis/reader.js';
import { readHashes } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import { auditLedger, findingOf, type Finding } from './audit.js';
import { addDays, daysBetween, type Day } from './calendar.js';
import type { CounterProblem } from './counters.js';
import { usageIn } from './counters.js';
import { USER_KEYS, dayKey, jobKey, userKey, userOfKey } from './keys.js';
import { NO_USAGE, USAGE_FIELDS, addUsage } from './usage.js';

export interface QuickAuditRequest {
  today: Day;
  retentionDays: number;
  signal: AbortSignal;
}

export interface QuickAudit {
  /** Drift of the users that were looked at. */
  findings: Finding[];
  users: number;
  /** The ids that a worker writes which has none. */
  withoutId: readonly string[];
}

/** A scan of this many steps of Redis sees some 20,000 keys. */
const MOST_STEPS = 20;
const MOST_USERS = 50;

/**
 * What `audit` finds, of a sample: the lifetime totals of some users against the sum of their days, whose
 * keys are known without a scan. However many records there are, it reads a few thousand.
 */
export async function quickAudit(
  redis: RedisReader,
  { today, retentionDays, signal }: QuickAuditRequest,
): Promise<QuickAudit> {
  const userIds = await someUsers(redis, signal);
  // Workers in other time zones may be a day ahead.
  const days = [...daysBetween(addDays(today, -retentionDays), addDays(today, 1))];
  const findings: Finding[] = [];
  for (const userId of userIds) {
    signal.throwIfAborted();
    findings.push(...(await auditUser(redis, userId, days)));
  }
  return { findings, users: userIds.length, withoutId: await recordsWithoutId(redis) };
}

async function someUsers(redis: RedisReader, signal: AbortSignal): Promise<string[]> {
  const userIds = new Set<string>();
  for await (const keys of scanKeys(redis, USER_KEYS, signal, MOST_STEPS)) {
    for (const key of keys) userIds.add(userOfKey(key));
    if (userIds.size >= MOST_USERS) break;
  }
  return [...userIds].slice(0, MOST_USERS);
}

/** The days are read first: counters only grow, so that what is tracked meanwhile is no drift. */
async function auditUser(
  redis: RedisReader,
  userId: string,
  days: readonly Day[],
): Promise<Finding[]> {
  const problems: CounterProblem[] = [];
  const onProblem = (problem: CounterProblem) => problems.push(problem);
  const keys = days.map((day) => dayKey(userId, day));
  const hashes = await readHashes(redis, keys, USAGE_FIELDS);
  const used = hashes.flatMap((fields, at) => usageIn(keys[at] ?? '', fields, onProblem) ?? []);
  const key = userKey(userId);
  const [fields = []] = await readHashes(redis, [key], USAGE_FIELDS);
  const lifetime = usageIn(key, fields, onProblem);
  if (problems.length > 0) {
    return problems.map(({ key: wrong, field, problem }) => {
      const what = field === null ? problem : `${field} ${problem}`;
      const cause = 'a program other than the workers wrote it';
      return findingOf(field === null ? 'not_a_hash' : 'not_a_number', { userId, key: wrong }, [
        what,
        cause,
      ]);
    });
  }
  const sum = used.reduce((total, usage) => addUsage(total, usage), NO_USAGE);
  const ledger = {
    ...{ userId, lifetime, days: { usage: sum, count: used.length } },
    jobs: { usage: NO_USAGE, count: 0 },
  };
  return auditLedger(ledger).filter(({ severity }) => severity === 'drift');
}

async function recordsWithoutId(redis: RedisReader): Promise<string[]> {
  const keys = ['undefined', 'null', ''].flatMap((id) => [userKey(id), jobKey(id)]);
  const counts = await Promise.all(keys.map((key) => redis.call('EXISTS', key)));
  return keys.filter((_, at) => counts[at] === 1);
}
