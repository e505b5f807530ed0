import { addressOf, keyOf } from '../../jobs/queue/layout.js';
import { unlessRefused } from '../../redis/cluster.js';
import type { RedisReader } from '../../redis/reader.js';
import type { RedisInfo } from './info.js';

/** What the user of the settings may do; asked of the server, and never tried. */
export type Rights =
  /** The groups, each with its commands that the user may and may not run. */
  | { kind: 'known'; user: string; groups: Readonly<Record<RightsGroup, GroupRights>> }
  | { kind: 'all'; user: string }
  /** The user may not ask. */
  | { kind: 'unknown'; user: string | undefined };

interface GroupRights {
  granted: readonly string[];
  missing: readonly string[];
}

export type RightsGroup = 'reports' | 'tracker' | 'queue' | 'lease';

type Command = readonly [name: string, ...args: string[]];

/** For each task the commands that it sends, on keys such as it uses. See the manual, security. */
function commandsOf(queueText: string): Readonly<Record<RightsGroup, readonly Command[]>> {
  const queue = addressOf(queueText);
  const queueKey = (suffix: string) => keyOf(queue, suffix);
  const [user, day, job] = ['billing:user:x', 'billing:daily:x:2026-01-01', 'billing:job:x'];
  return {
    reports: [
      ['SCAN', '0', 'MATCH', 'billing:*'],
      ['HMGET', user, 'bytes_processed'],
      ['HMGET', day, 'bytes_processed'],
      ['HMGET', job, 'user_id'],
      ['TTL', day],
      ['EXISTS', user],
    ],
    tracker: [
      ['EVAL', 'return 1', '1', user],
      ['EVALSHA', '0'.repeat(40), '1', user],
      ['HINCRBY', user, 'bytes_processed', '1'],
      ['HINCRBYFLOAT', day, 'compute_seconds', '1'],
      ['HSET', job, 'user_id', 'x'],
      ['EXPIRE', day, '1'],
      ['SET', 'billing:event:bytes:x:x', '1', 'NX', 'EX', '1'],
    ],
    queue: [
      ['HGET', queueKey('meta'), 'version'],
      ['HMGET', queueKey('1'), 'name'],
      ['LRANGE', queueKey('wait'), '0', '0'],
      ['ZRANGE', queueKey('completed'), '0', '0'],
      ['XREVRANGE', queueKey('events'), '+', '-', 'COUNT', '1'],
    ],
    lease: [
      ['SET', 'mangamotion:schedule:claim:x', 'x', 'NX', 'EX', '1'],
      ['GET', 'mangamotion:schedule:claim:x'],
    ],
  };
}

/** Servers before this version have no rights: whoever is connected may do everything. */
const FIRST_WITH_RIGHTS = 6;

export async function readRights(
  redis: RedisReader,
  info: RedisInfo | undefined,
  queue: string,
): Promise<Rights> {
  const version = info?.text('redis_version');
  if (version !== undefined && Number.parseInt(version, 10) < FIRST_WITH_RIGHTS) {
    return { kind: 'all', user: 'default' };
  }
  const user = await unlessRefused(redis.call('ACL', 'WHOAMI'));
  if (typeof user !== 'string') return { kind: 'unknown', user: undefined };
  const groups: Partial<Record<RightsGroup, GroupRights>> = {};
  for (const [group, commands] of Object.entries(commandsOf(queue))) {
    const answers = await Promise.all(commands.map((command) => isPermitted(redis, user, command)));
    if (answers.includes(undefined)) return await rightsOfRules(redis, user);
    const names = (wanted: boolean) => [
      ...new Set(commands.filter((_, at) => answers[at] === wanted).map(([name]) => name)),
    ];
    groups[group as RightsGroup] = { granted: names(true), missing: names(false) };
  }
  return { kind: 'known', user, groups: groups as Record<RightsGroup, GroupRights> };
}

/** `undefined` where the server does not tell: before Redis 7, and to a user without +acl|dryrun. */
async function isPermitted(
  redis: RedisReader,
  user: string,
  command: Command,
): Promise<boolean | undefined> {
  const reply = await unlessRefused(redis.call('ACL', 'DRYRUN', user, ...command));
  return typeof reply === 'string' ? reply === 'OK' : undefined;
}

/** The rules of a user who may do everything are known without understanding rules. */
async function rightsOfRules(redis: RedisReader, user: string): Promise<Rights> {
  const reply = await unlessRefused(redis.call('ACL', 'GETUSER', user));
  const list: unknown[] = Array.isArray(reply) ? reply : [];
  const valueOf = (name: string) => list[list.indexOf(name) + 1];
  const keys = valueOf('keys');
  const hasAllKeys = keys === '~*' || (Array.isArray(keys) && keys.includes('*'));
  return list.length > 0 && valueOf('commands') === '+@all' && hasAllKeys
    ? { kind: 'all', user }
    : { kind: 'unknown', user };
}
