import { USER_KEYS } from '../billing/keys.js';
import { readMode } from '../redis/cluster.js';
import { isClusterRefusal, unexpectedReply } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { isLate } from '../repository/status.js';
import { readStatus } from '../reports/schedule/status.js';
import { neglectedEntries } from '../schedule/reports.js';
import type { Destinations } from './destinations.js';
import type { EvictionWatch } from './eviction-watch.js';
import type { ScheduleService } from './schedule-service.js';

/** Why something is unhealthy, in words that anyone may read. */
export class Unhealthy extends Error {
  override readonly name = 'Unhealthy';
}

/**
 * Resolves to what may be wrong although Redis answers, or to `undefined`. Throws `Unhealthy` for a server
 * that may not have all keys: reports that list keys are refused then.
 */
export async function checkRedis(
  redis: RedisReader,
  eviction: EvictionWatch,
): Promise<string | undefined> {
  if ((await redis.call('PING')) !== 'PONG') throw unexpectedReply(redis.server, 'PING');
  const mode = await readMode(redis, USER_KEYS).catch((error: unknown) => {
    if (isClusterRefusal(error)) return 'cluster';
    throw error;
  });
  if (mode !== 'standalone') throw new Unhealthy(MODES[mode ?? ''] ?? 'may not have all keys');
  return await eviction.warning();
}

/** What a server of another mode is, after its name. */
const MODES: Readonly<Record<string, string>> = {
  cluster: 'is a node of a cluster, which has only a part of the keys',
  sentinel: 'is a sentinel, which has no data',
  '': 'does not tell whether it has all keys',
};

/** Whether a daemon runs, and deals with what is due. Throws `Unhealthy`. */
export async function checkSchedule(
  schedule: ScheduleService,
  { now, signal }: { now: () => Date; signal: AbortSignal },
): Promise<undefined> {
  const { folder } = schedule;
  const all = await schedule.entries().catch((cause: unknown) => {
    throw new Unhealthy('the schedule cannot be used', { cause });
  });
  const look = { folder, now: now(), signal, maxAgeMs: undefined };
  const { daemon, state } = await readStatus(all, look).catch((cause: unknown) => {
    throw new Unhealthy('its state cannot be read', { cause });
  });
  if (daemon === null) throw new Unhealthy('no daemon is running');
  if (state.kind === 'unusable') throw new Unhealthy('its state cannot be read');
  const neglected = neglectedEntries(all, state.state, now());
  if (neglected.length > 0) throw new Unhealthy('something that is due does not run');
}

/**
 * Whether each destination has a complete backup that is young enough. Throws `Unhealthy`. It goes by
 * what the chore read last: anyone may ask, and must not cause requests to an offsite store.
 */
export async function checkBackups(destinations: Destinations): Promise<undefined> {
  for (const named of destinations.all) {
    const { content, failure } = await destinations.last(named);
    if (failure !== undefined || content === undefined) {
      throw new Unhealthy('a destination cannot be read', { cause: failure });
    }
    const status = destinations.statusOf(content);
    if (status.freshness.status === 'missing') throw new Unhealthy('there is no complete backup');
    if (status.chains.status === 'broken')
      throw new Unhealthy('a backup cannot be read completely');
    if (isLate(status)) throw new Unhealthy('the newest complete backup is too old');
  }
}
