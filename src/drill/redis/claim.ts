import { randomBytes } from 'node:crypto';
import { EMPTY_REDIS_HINT } from '../../config/hints.js';
import { MangamotionError } from '../../errors.js';
import type { RedisReader } from '../../redis/reader.js';

/** The marks of a drill in a Redis that it fills: that it was empty before, and that a drill uses it. */
const OWNED = 'mangamotion-drill:owned';
const LEASE = 'mangamotion-drill:lease';
const LEASE_MS = 120_000;
const RENEW_MS = 20_000;

/**
 * Takes an empty Redis, or one that a drill that is dead has filled. Anything else is left alone:
 * rejects with `refused`. Resolves to what empties it again.
 */
export async function claimRedis(redis: RedisReader): Promise<{ release: () => Promise<void> }> {
  const token = randomBytes(16).toString('hex');
  const size = Number(await redis.call('DBSIZE'));
  const isOwned = size > 0 && (await redis.call('EXISTS', OWNED)) === 1;
  if (size > 0 && !isOwned) {
    throw new MangamotionError(
      'refused',
      'the Redis for drills holds keys that no drill has put there: it is left alone',
      { hint: EMPTY_REDIS_HINT },
    );
  }
  if ((await redis.call('SET', LEASE, token, 'NX', 'PX', LEASE_MS)) === null) {
    throw new MangamotionError('refused', 'another drill uses the Redis for drills');
  }
  if (isOwned) await empty(redis, token);
  await redis.call('SET', OWNED, token);
  const timer = setInterval(() => {
    redis.call('PEXPIRE', LEASE, LEASE_MS).catch(() => undefined);
  }, RENEW_MS).unref();
  return {
    release: async () => {
      clearInterval(timer);
      await empty(redis, token);
    },
  };
}

/** Empties the database unless another drill has taken it. */
async function empty(redis: RedisReader, token: string): Promise<void> {
  const holder = await redis.call('GET', LEASE);
  if (holder === null || holder === token) await redis.call('FLUSHDB');
}
