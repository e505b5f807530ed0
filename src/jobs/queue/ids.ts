import type { RedisReader } from '../../redis/reader.js';
import type { QueueState } from '../job.js';
import { lastEventId } from './events.js';
import type { Place, QueueAddress } from './layout.js';
import { PLACES, isMarker, keyOf, stateIn } from './layout.js';
import { orDamaged } from '../wrong-type.js';

/** A reply of about 100 kB, for which Redis takes a millisecond or two. */
const IDS_AT_ONCE = 10_000;
const MOST_PASSES = 3;

/**
 * All jobs of the queue, by id. One that moves meanwhile is named once, with the later state; one
 * that is removed meanwhile may be named.
 *
 * A job that only goes on is met by reading in the order of `PLACES`. One that goes back (active to
 * delayed, for another attempt) can slip past the reader: Redis gives a user who may only read no
 * snapshot of several keys. It leaves an event, and after a pass in which there was one all is read
 * again, into the same answer. To be missed a job would have to go back in each of the passes, at
 * the moment between the two reads.
 *
 * Rejects with `damaged` where a list of the queue is of a wrong type.
 */
export async function listQueueIds(
  redis: RedisReader,
  queue: QueueAddress,
): Promise<Map<string, QueueState>> {
  const ids = new Map<string, QueueState>();
  for (let pass = 1, before = await lastEventId(redis, queue); ; pass++) {
    await addIds(redis, queue, ids);
    const after = await lastEventId(redis, queue);
    if (after === before || pass === MOST_PASSES) return ids;
    before = after;
  }
}

async function addIds(
  redis: RedisReader,
  queue: QueueAddress,
  ids: Map<string, QueueState>,
): Promise<void> {
  const isPaused = await isQueuePaused(redis, queue);
  for (const place of PLACES) {
    const state = stateIn(place, isPaused);
    for await (const page of idsAt(redis, queue, place)) {
      for (const id of page) if (!isMarker(id)) ids.set(id, state);
    }
  }
}

export async function isQueuePaused(redis: RedisReader, queue: QueueAddress): Promise<boolean> {
  const key = keyOf(queue, 'meta');
  return (await orDamaged(key, redis.call('HGET', key, 'paused'))) !== null;
}

/**
 * The ids in one place, a chunk at a time, markers too. Jobs come to a list at its head and to a
 * sorted set mostly at its high end, and leave at the other one: so each is read from where they
 * come. What comes meanwhile shifts some ids into the next chunk, which names them again; what
 * leaves shifts none.
 */
export async function* idsAt(
  redis: RedisReader,
  queue: QueueAddress,
  { suffix, type }: Place,
): AsyncGenerator<string[]> {
  const key = keyOf(queue, suffix);
  for (let from = 0; ; from += IDS_AT_ONCE) {
    const to = from + IDS_AT_ONCE;
    const answer =
      type === 'list'
        ? redis.call('LRANGE', key, from, to - 1)
        : redis.call('ZRANGE', key, -to, -from - 1);
    const ids = (await orDamaged(key, answer)) as string[];
    if (ids.length > 0) yield ids;
    if (ids.length < IDS_AT_ONCE) return;
  }
}
