import { isRefusedByServer, isWrongType } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import { sendAll } from '../../redis/reader.js';
import { checkReply } from '../../redis/shapes.js';
import type { QueueState } from '../job.js';
import { lastEventId } from './events.js';
import type { Place, QueueAddress } from './layout.js';
import { PLACES, isMarker, keyOf, stateIn } from './layout.js';
import { orDamaged, wrongTypeOf } from './wrong-type.js';

/** The reply has about 100 kB and takes Redis a millisecond or two. */
const IDS_AT_ONCE = 10_000;
const MOST_PASSES = 3;

/**
 * Resolves to the states of all jobs of the queue, by id. A job that moves meanwhile has its later state;
 * a job that is removed meanwhile may be included.
 *
 * Reading in the order of `PLACES` finds every job that only moves forward. A job that moves back (from
 * active to delayed, for another attempt) can slip past the reader, because a user with read access only
 * gets no snapshot of several keys. Such a move leaves an event: after a pass with an event, everything is
 * read again into the same map. To be missed, a job would have to move back in each pass, exactly between
 * the two reads.
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

async function isQueuePaused(redis: RedisReader, queue: QueueAddress): Promise<boolean> {
  const key = keyOf(queue, 'meta');
  const reply = await orDamaged(key, redis.call('HGET', key, 'paused'));
  checkReply(redis, ['hget'], reply);
  return reply !== null;
}

/**
 * Yields the ids in one place, a chunk at a time, including markers. Jobs enter a list at its head and a
 * sorted set mostly at its high end, and leave at the other end. Each is read from the end at which jobs
 * enter: a job that enters meanwhile shifts ids into the next chunk, which repeats them, and a job that
 * leaves shifts none.
 */
async function* idsAt(
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
    const reply = await orDamaged(key, answer);
    checkReply(redis, [type === 'list' ? 'lrange' : 'zrange'], reply);
    const ids = reply as string[];
    if (ids.length > 0) yield ids;
    if (ids.length < IDS_AT_ONCE) return;
  }
}

/** Resolves to at most `count` ids from each place of the queue: those that entered it last. */
export async function newestIds(
  redis: RedisReader,
  queue: QueueAddress,
  count: number,
): Promise<ReadonlySet<string>> {
  const commands = PLACES.map(({ suffix, type }) =>
    type === 'list'
      ? ['lrange', keyOf(queue, suffix), 0, count - 1]
      : ['zrange', keyOf(queue, suffix), -count, -1],
  );
  const replies = (await redis.pipeline(commands).exec()) ?? [];
  const listed = replies.flatMap(([error, ids]) => (error === null ? (ids as string[]) : []));
  return new Set(listed.filter((id) => !isMarker(id)));
}

/** Resolves to the ids in the place of this suffix. */
export async function listIdsAt(
  redis: RedisReader,
  queue: QueueAddress,
  suffix: string,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const place of PLACES.filter((one) => one.suffix === suffix)) {
    for await (const page of idsAt(redis, queue, place)) for (const id of page) ids.add(id);
  }
  return ids;
}

/**
 * Resolves to the state of a job by the list that it is in; by the last one that it passes through if it
 * is found in several, and to `undefined` if it is in none, or was on its way between two. Rejects with
 * `damaged` where a list of the queue is of a wrong type.
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
  const replies = await sendAll(redis, commands);
  let state: QueueState | undefined;
  for (const [index, place] of PLACES.entries()) {
    const [error, found] = replies[index] ?? [null, null];
    if (error === null) checkReply(redis, commands[index] ?? [], found);
    const isHere =
      error === null ? found !== null : await isListed(redis, queue, place, { id, error });
    if (isHere) state = stateIn(place, isPaused);
  }
  return state;
}

/** For more jobs than this, it is less work for Redis to list all. */
const MOST_SEARCHED = 64;

/** Resolves to the states of these jobs, without those that are in no list; see `findState`. */
export async function findStates(
  redis: RedisReader,
  queue: QueueAddress,
  ids: readonly string[],
): Promise<Map<string, QueueState>> {
  const found = new Map<string, QueueState>();
  if (ids.length > MOST_SEARCHED) {
    const all = await listQueueIds(redis, queue);
    for (const id of ids) {
      const state = all.get(id);
      if (state !== undefined) found.set(id, state);
    }
    return found;
  }
  const look = async (id: string): Promise<void> => {
    // A job that moves back between two lists may be missed once.
    const state = (await findState(redis, queue, id)) ?? (await findState(redis, queue, id));
    if (state !== undefined) found.set(id, state);
  };
  await Promise.all(ids.map(look));
  return found;
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
