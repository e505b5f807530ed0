import type { RedisSettings } from '../../config/config.js';
import { DRILL_REDIS_SETTING } from '../../config/hints.js';
import type { Config } from '../../config/load.js';
import type { OpenRedis } from '../argv/command.js';

/**
 * The Redis of the settings. Rejects with `unreachable` or `access_denied` where it cannot be used,
 * as do its commands. A signal ends the attempt, and the
 * command that is under way.
 */
export async function openRedis(config: Config, signal: AbortSignal): Promise<OpenRedis> {
  const [{ connectOnce, withOneTimer }, { withTranslatedErrors }, { redisTarget }] =
    await Promise.all([
      import('../../redis/connect.js'),
      import('../../redis/reader.js'),
      import('../../redis-target.js'),
    ]);
  signal.throwIfAborted();
  const target = redisTarget(config.redis);
  const redis = await connectOnce(target, { signal });
  const close = (): void => {
    signal.removeEventListener('abort', close);
    redis.disconnect();
  };
  signal.addEventListener('abort', close, { once: true });
  return { redis: withTranslatedErrors(withOneTimer(redis), target), close };
}

/**
 * A Redis for a drill, and its address without the password. It is closed by the caller alone: a drill
 * that a signal ends still has to empty it.
 */
export async function connectForDrill(
  settings: RedisSettings,
  signal: AbortSignal,
): Promise<OpenRedis & { text: string }> {
  const [{ connectOnce, withOneTimer }, { withTranslatedErrors }, { redisTarget }] =
    await Promise.all([
      import('../../redis/connect.js'),
      import('../../redis/reader.js'),
      import('../../redis-target.js'),
    ]);
  const target = { ...redisTarget(settings), setting: DRILL_REDIS_SETTING };
  const redis = await connectOnce(target, { signal });
  const { text } = target;
  return {
    redis: withTranslatedErrors(withOneTimer(redis), target),
    text,
    close: () => redis.disconnect(),
  };
}
