import { messageOf } from '../errors.js';
import { unlessRefused } from '../redis/cluster.js';
import { isRefusedByServer, unexpectedReply } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { checkReply } from '../redis/shapes.js';
import type { RedisText } from './value.js';

/** How a server tells when keys expire. */
export interface Lives {
  command: 'PEXPIRETIME' | 'PTTL';
  /** In milliseconds of Unix time; `null` for a key that does not expire. A key that is gone gives -2. */
  expiryOf(reply: number): number | null;
}

export const IS_GONE = -2;

const absolute: Lives = {
  command: 'PEXPIRETIME',
  expiryOf: (reply) => (reply < 0 ? null : reply),
};

const known = new WeakMap<RedisReader, Lives>();

/**
 * Redis tells the time itself since version 7. An older one tells how long a key lives, and TIME, which is
 * neither in +@read nor in +@connection: where it is refused, the clock of this machine has to do.
 * `key`: one that may be read.
 */
export async function livesOf(redis: RedisReader, key: RedisText): Promise<Lives> {
  const before = known.get(redis);
  if (before !== undefined) return before;
  let isKnown = true;
  let lives = absolute;
  try {
    checkReply(redis, ['pexpiretime'], await redis.call('PEXPIRETIME', key));
  } catch (error) {
    if (!isRefusedByServer(error)) throw error;
    // It may be the right to this one key that is missing.
    isKnown = !/does not permit|NOPERM/.test(messageOf(error));
    const aheadMs = (await nowOf(redis)) - Date.now();
    lives = {
      command: 'PTTL',
      expiryOf: (reply) => (reply < 0 ? null : Date.now() + aheadMs + reply),
    };
  }
  if (isKnown) known.set(redis, lives);
  return lives;
}

/** The time of the server, whose clock decides when a key expires; that of this machine if it does not tell. */
export async function nowOf(redis: RedisReader): Promise<number> {
  const reply = await unlessRefused(redis.call('TIME'));
  if (reply === undefined) return Date.now();
  checkReply(redis, ['time'], reply);
  if (!Array.isArray(reply)) throw unexpectedReply(redis.server, 'TIME');
  return Number(reply[0]) * 1000 + Math.floor(Number(reply[1]) / 1000);
}
