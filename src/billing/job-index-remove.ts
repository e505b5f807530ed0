import { isWrongType } from '../redis/errors.js';
import type { RedisReader } from '../redis/reader.js';
import { scanKeys } from '../redis/scan.js';
import { withWritersHint } from './job-index-rights.js';
import { INDEXED_FIELD } from './job-index-script.js';
import { INDEX_KEYS, INDEX_MARKER, USER_KEYS } from './keys.js';

interface RemoveRequest {
  /** Counts what there is to remove, and leaves it. */
  dryRun: boolean;
  signal: AbortSignal;
  /** How many keys have been removed. */
  onProgress: (keys: number) => void;
}

/**
 * Removes all indexes of jobs, and their marks in the records of users. The marker goes first: from
 * then on nobody trusts an index or keeps it, and a build that runs ends. Resolves to how many keys
 * there were; rejects with `access_denied` without the rights to write.
 */
export async function removeJobIndex(redis: RedisReader, request: RemoveRequest): Promise<number> {
  try {
    return await remove(redis, request);
  } catch (error) {
    throw withWritersHint(error);
  }
}

async function remove(
  redis: RedisReader,
  { dryRun, signal, onProgress }: RemoveRequest,
): Promise<number> {
  let removed = 0;
  if (!dryRun) removed += (await redis.call('UNLINK', INDEX_MARKER)) as number;
  for await (const keys of scanKeys(redis, INDEX_KEYS, signal)) {
    removed += dryRun ? keys.length : ((await redis.call('UNLINK', ...keys)) as number);
    onProgress(removed);
  }
  if (!dryRun) await removeMarks(redis, signal);
  return removed;
}

async function removeMarks(redis: RedisReader, signal: AbortSignal): Promise<void> {
  for await (const keys of scanKeys(redis, USER_KEYS, signal)) {
    const commands = keys.map((key) => ['hdel', key, INDEXED_FIELD]);
    for (const [error] of (await redis.pipeline(commands).exec()) ?? []) {
      if (error !== null && !isWrongType(error)) throw error;
    }
  }
}
