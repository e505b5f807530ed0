import { isRefusedByServer, isWrongType } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import type { QueueState } from '../job.js';
import { idsAt, isQueuePaused } from './ids.js';
import type { Place, QueueAddress } from './layout.js';
import { PLACES, keyOf, stateIn } from './layout.js';
import { wrongTypeOf } from '../wrong-type.js';

/**
 * In which list of the queue a job is; the last one that it goes through, where it is met in several.
 * `undefined` where it is in none, or was on its way. Rejects with `damaged` where a list of the
 * queue is of a wrong type.
 */
export async function findState(
  redis: RedisReader,
  queue: QueueAddress,
  id: string,
): Promise<QueueState | undefined> {
  const isPaused = await isQueuePaused(redis, queue);
  const commands = PLACES.map(({ suffix, type }) => [
    type === 'list' ? 'lpos' : 'zscore',
    keyOf(queue, suffix),
    id,
  ]);
  const replies = (await redis.pipeline(commands).exec()) ?? [];
  let state: QueueState | undefined;
  for (const [index, place] of PLACES.entries()) {
    const [error, found] = replies[index] ?? [null, null];
    const isHere =
      error === null ? found !== null : await isListed(redis, queue, place, { id, error });
    if (isHere) state = stateIn(place, isPaused);
  }
  return state;
}

/** Searches a list where LPOS is unknown (before Redis 6.0.6) or refused. */
async function isListed(
  redis: RedisReader,
  queue: QueueAddress,
  place: Place,
  { id, error }: { id: string; error: Error },
): Promise<boolean> {
  if (isWrongType(error)) throw wrongTypeOf(keyOf(queue, place.suffix), error);
  if (place.type !== 'list' || !isRefusedByServer(error)) throw error;
  for await (const page of idsAt(redis, queue, place)) {
    if (page.includes(id)) return true;
  }
  return false;
}
