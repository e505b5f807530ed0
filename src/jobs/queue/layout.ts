import { escapeGlob } from '../../redis/scan.js';
import type { QueueState, Status } from '../job.js';

/**
 * Where BullMQ keeps a queue, versions 1 to 6. Its own getters write (they pop old markers), so that
 * the toolkit reads the keys itself.
 */

export interface QueueAddress {
  prefix: string;
  name: string;
}

export const DEFAULT_PREFIX = 'bull';
export const DEFAULT_QUEUE = 'ai-job';

/** A list or a sorted set of the ids of the jobs in one state. */
export interface Place {
  suffix: string;
  type: 'list' | 'zset';
  state: QueueState;
}

const PRIORITIZED: Place = { suffix: 'prioritized', type: 'zset', state: 'prioritized' };

/**
 * In the order in which a job passes through them. Whoever reads them in this order meets a job that
 * goes on meanwhile at least once, and last where it came to. `prioritized` is there twice, since a
 * change of priority moves a job from it to `wait` or back; `waiting-children` follows `active`,
 * since up to version 4 a job goes there without an event.
 */
export const PLACES: readonly Place[] = [
  { suffix: 'delayed', type: 'zset', state: 'delayed' },
  // From version 4 on; before, jobs with a priority lie in `wait`.
  PRIORITIZED,
  { suffix: 'wait', type: 'list', state: 'waiting' },
  // Up to version 5 what `wait` is called while the queue is paused.
  { suffix: 'paused', type: 'list', state: 'paused' },
  PRIORITIZED,
  { suffix: 'active', type: 'list', state: 'active' },
  { suffix: 'waiting-children', type: 'zset', state: 'waiting-children' },
  { suffix: 'completed', type: 'zset', state: 'completed' },
  { suffix: 'failed', type: 'zset', state: 'failed' },
];

/** The key of one of the queue's lists, or of the hash of a job with that id. */
export function keyOf({ prefix, name }: QueueAddress, suffix: string): string {
  return `${prefix}:${name}:${suffix}`;
}

/** Keys of which a queue that was ever used has at least one. */
export function keysOf(queue: QueueAddress): string[] {
  return ['meta', 'id', ...new Set(PLACES.map(({ suffix }) => suffix))].map((suffix) =>
    keyOf(queue, suffix),
  );
}

/**
 * Whether an id stands for no job: versions 2 to 4 put `0`, `0:0` or `0:<time>` among the waiting
 * jobs to wake a worker up. The time may have a fraction.
 */
export function isMarker(id: string): boolean {
  return /^0(:\d+(\.\d+)?)?$/.test(id);
}

/** While the queue is paused (`paused` in its hash `meta`), what waits is paused in every version. */
export function stateIn(place: Place, isPaused: boolean): QueueState {
  return isPaused && place.state === 'waiting' ? 'paused' : place.state;
}

export function statusOf(state: QueueState): Status {
  switch (state) {
    case 'waiting':
    case 'paused':
    case 'prioritized':
    case 'delayed':
    case 'waiting-children':
      return 'pending';
    case 'active':
      return 'processing';
    case 'completed':
    case 'failed':
      return state;
  }
}

/** Matches at least the keys `meta` and `id` of all queues with the prefix. */
export function queueKeysOf(prefix: string): string {
  return `${escapeGlob(prefix)}:*:[im][de]*`;
}

/** The queue that a key `meta` or `id` belongs to; `undefined` for other keys. */
export function queueNameOf(prefix: string, key: string): string | undefined {
  const [, name] = /^(.*):(?:meta|id)$/s.exec(key.slice(prefix.length + 1)) ?? [];
  return name;
}
