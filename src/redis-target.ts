import type { RedisSettings } from './config/config.js';
import { REDIS_ADDRESS_SETTING } from './config/hints.js';
import { redisAddressText } from './config/redis-address.js';
import type { RedisTarget } from './redis/connect.js';

/** The settings of Redis as a connection takes them. */
export function redisTarget(settings: RedisSettings): RedisTarget {
  const { at, username, password, db, caPem } = settings;
  return {
    at,
    username,
    password: password?.reveal(),
    db,
    caPem,
    text: redisAddressText(settings),
    setting: REDIS_ADDRESS_SETTING,
  };
}
