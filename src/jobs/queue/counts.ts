import { isWrongType } from '../../redis/errors.js';
import type { RedisReader } from '../../redis/reader.js';
import { sendAll } from '../../redis/reader.js';
import { checkReply } from '../../redis/shapes.js';
import type { QueueState } from '../job.js';
import type { QueueAddress } from './layout.js';
import { PLACES, isMarker, keyOf, stateIn } from './layout.js';
import { wrongTypeOf } from './wrong-type.js';

/** `prioritized` is in `PLACES` twice. */
const COUNTED = PLACES.filter((place, at) => PLACES.indexOf(place) === at);

/**
 * Resolves to the number of jobs in each state that some job is in. All is asked for in one round trip,
 * however many jobs there are, and not in one step of Redis: a job that moves meanwhile may be counted
 * twice or not at all. A marker of versions 2 to 4 is known at the ends of a list alone; see `isMarker`.
 *
 * Rejects with `damaged` where a list of the queue is of a wrong type.
 */
export async function countByState(
  redis: RedisReader,
  queue: QueueAddress,
): Promise<ReadonlyMap<QueueState, number>> {
  const commands = COUNTED.flatMap(({ suffix, type }) => {
    const key = keyOf(queue, suffix);
    if (type === 'zset') return [['zcard', key]];
    return [
      ['llen', key],
      ['lindex', key, 0],
      ['lindex', key, -1],
    ];
  });
  const meta = keyOf(queue, 'meta');
  const sent = [...commands, ['hget', meta, 'paused']];
  const answers = (await sendAll(redis, sent)).map(([error, reply], at) => {
    const [, key] = sent[at] ?? [];
    if (error !== null) throw isWrongType(error) ? wrongTypeOf(String(key), error) : error;
    checkReply(redis, sent[at] ?? [], reply);
    return reply;
  });
  const isPaused = answers.pop() !== null;
  const counts = new Map<QueueState, number>();
  for (const place of COUNTED) {
    const [count, ...ends] = answers.splice(0, place.type === 'zset' ? 1 : 3);
    const all = Number(count);
    // A list of one id has it at both ends.
    const markers = ends.slice(0, all).filter((id) => typeof id === 'string' && isMarker(id));
    const state = stateIn(place, isPaused);
    const jobs = all - markers.length;
    if (jobs > 0) counts.set(state, (counts.get(state) ?? 0) + jobs);
  }
  return counts;
}
