import { REDIS_ADDRESS_SETTING } from '../../config/hints.js';
import { redisAddressText } from '../../config/redis-address.js';
import type { Config } from '../../config/config.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { refuseCluster, unlessRefused } from '../../redis/cluster.js';
import { type Eviction, readEviction } from '../../redis/eviction.js';
import { unexpectedReply } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import type { GatherersOf } from '../facts.js';
import { NotLooked } from '../finding.js';
import type { SettingsFacts } from '../settings/facts.js';
import { type RedisInfo, parseInfo } from './info.js';
import { type Rights, readRights } from './rights.js';

export interface RedisFacts extends SettingsFacts {
  contact: RedisContact;
  redis: RedisReader;
  /** Why the server is not one that has all keys; `undefined` where it is one. */
  notWhole: MangamotionError | undefined;
  /** `undefined` where the user may not ask for it. */
  info: RedisInfo | undefined;
  eviction: Eviction | undefined;
  /** By how many ms its clock is ahead; `undefined` where the user may not ask. */
  redisAheadMs: number | undefined;
  /** What CONFIG says of saving to the disk; `undefined` where the user may not ask. */
  saving: { save: string; appendonly: string } | undefined;
  rights: Rights;
}

/** How the first contact went. */
export type RedisContact =
  | { kind: 'open'; redis: RedisReader; address: string }
  | { kind: 'failed'; error: MangamotionError; address: string; isNamed: boolean }
  | { kind: 'unused' };

export interface RedisParts {
  now: () => Date;
  /** NAME or PREFIX:NAME. */
  queue: string;
  openRedis: (
    config: Config,
    signal: AbortSignal,
  ) => Promise<{ redis: RedisReader; close: () => void }>;
  /** Called with what ends the connection. */
  onOpen: (close: () => void) => void;
}

/** Less than the limit of a check, so that one check tells that the server is silent. */
const CONTACT_MS = 3_000;

type Own = Exclude<keyof RedisFacts, keyof SettingsFacts>;

export function redisGatherers(parts: RedisParts): GatherersOf<RedisFacts, Own> {
  return {
    contact: async (read, signal) => {
      const [config, { names }] = await Promise.all([read('config'), read('settings')]);
      const isNamed = names.has(REDIS_ADDRESS_SETTING);
      if (!isNamed && !config.billing.enabled) return { kind: 'unused' };
      const address = redisAddressText(config.redis);
      try {
        const opened = await openInTime(config, parts, signal);
        parts.onOpen(opened.close);
        return { kind: 'open', redis: opened.redis, address };
      } catch (error) {
        if (!isMangamotionError(error)) throw error;
        return { kind: 'failed', error, address, isNamed };
      }
    },
    redis: async (read) => {
      const contact = await read('contact');
      if (contact.kind === 'open') return contact.redis;
      throw new NotLooked(
        contact.kind === 'unused' ? 'no Redis is configured' : 'Redis cannot be used',
      );
    },
    notWhole: async (read) => {
      try {
        await refuseCluster(await read('redis'), 'billing:*');
        return undefined;
      } catch (error) {
        if (isMangamotionError(error)) return error;
        throw error;
      }
    },
    info: async (read) => {
      const redis = await read('redis');
      const reply = await unlessRefused(redis.call('INFO'));
      if (reply === undefined) return undefined;
      if (typeof reply !== 'string') throw unexpectedReply(redis.server, 'INFO');
      return parseInfo(reply);
    },
    eviction: async (read) => await readEviction(await read('redis')),
    redisAheadMs: async (read) => {
      const redis = await read('redis');
      const beforeMs = parts.now().getTime();
      const reply = await unlessRefused(redis.call('TIME'));
      const afterMs = parts.now().getTime();
      if (reply === undefined) return undefined;
      const [seconds, microseconds] = Array.isArray(reply) ? reply.map(Number) : [];
      if (!Number.isFinite(seconds)) throw unexpectedReply(redis.server, 'TIME');
      const itsMs = (seconds ?? 0) * 1000 + (microseconds ?? 0) / 1000;
      return itsMs - (beforeMs + afterMs) / 2;
    },
    saving: async (read) => {
      const redis = await read('redis');
      const [save, appendonly] = await Promise.all(
        ['save', 'appendonly'].map((name) => configOf(redis, name)),
      );
      return save === undefined || appendonly === undefined ? undefined : { save, appendonly };
    },
    rights: async (read) => {
      const [redis, info] = await Promise.all([read('redis'), read('info')]);
      return await readRights(redis, info, parts.queue);
    },
  };
}

async function openInTime(config: Config, { openRedis }: RedisParts, signal: AbortSignal) {
  const limit = AbortSignal.timeout(CONTACT_MS);
  try {
    return await openRedis(config, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    const address = redisAddressText(config.redis);
    throw new MangamotionError(
      'unreachable',
      `Redis at ${address} is silent: no answer within ${CONTACT_MS / 1000} s`,
      { hint: 'see whether that server hangs, or something on the way swallows the packets' },
    );
  }
}

async function configOf(redis: RedisReader, name: string): Promise<string | undefined> {
  const reply = await unlessRefused(redis.call('CONFIG', 'GET', name));
  const value: unknown = Array.isArray(reply) ? reply[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}
