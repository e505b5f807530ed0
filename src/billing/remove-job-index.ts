import { MangamotionError, isMangamotionError } from '../errors.js';
import { isWrongType } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import { OLD_INDEX_MARK, USER_KEYS } from './keys.js';

/** Without this key, the tracker of an earlier version keeps no index; so it is removed first. */
const MARKER = 'billing:index:built';
const INDEX_KEYS = 'billing:index:*';

interface RemoveRequest {
  /** Counts the keys and removes nothing. */
  dryRun: boolean;
  signal: AbortSignal;
  /** Reports how many keys have been removed. */
  onProgress: (keys: number) => void;
}

/**
 * Removes the job indexes that an earlier version built, and its marks in the records of users.
 * Resolves to the number of keys; rejects with `access_denied` where the user may not write.
 */
export async function removeJobIndex(
  redis: RedisReader,
  { dryRun, signal, onProgress }: RemoveRequest,
): Promise<number> {
  try {
    let removed = dryRun ? 0 : ((await redis.call('UNLINK', MARKER)) as number);
    for await (const keys of scanKeys(redis, INDEX_KEYS, signal)) {
      removed += dryRun ? keys.length : ((await redis.call('UNLINK', ...keys)) as number);
      onProgress(removed);
    }
    if (!dryRun) await removeMarks(redis, signal);
    return removed;
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied')) throw error;
    throw new MangamotionError('access_denied', error.message, {
      hint: 'the index is removed by a user with the rights +@all -@dangerous on the keys billing:*',
      cause: error.cause,
    });
  }
}

async function removeMarks(redis: RedisReader, signal: AbortSignal): Promise<void> {
  for await (const keys of scanKeys(redis, USER_KEYS, signal)) {
    const commands = keys.map((key) => ['hdel', key, OLD_INDEX_MARK]);
    for (const [error] of (await redis.pipeline(commands).exec()) ?? []) {
      if (error !== null && !isWrongType(error)) throw error;
    }
  }
}
