import { escapeGlob } from '../../redis/scan.js';
import type { QueueState, Status } from '../job.js';

/**
 * The keys of a queue in BullMQ 1 to 6. BullMQ's own getters write (they pop old markers), so this program
 * reads the keys itself.
 */

export interface QueueAddress {
  prefix: string;
  name: string;
}

export const DEFAULT_PREFIX = 'bull';
export const DEFAULT_QUEUE = 'ai-job';

/** Whether the text names a queue, as NAME or PREFIX:NAME. */
export function isQueueText(text: string): boolean {
  return /^(?:.+:)?[^:]+$/s.test(text);
}

/** A prefix may contain colons, the name of a queue may not. */
export function addressOf(text: string): QueueAddress {
  const at = text.lastIndexOf(':');
  if (at === -1) return { prefix: DEFAULT_PREFIX, name: text };
  return { prefix: text.slice(0, at), name: text.slice(at + 1) };
}

/** A list or a sorted set of the ids of the jobs in one state. */
export interface Place {
  suffix: string;
  type: 'list' | 'zset';
  state: QueueState;
}

const PRIORITIZED: Place = { suffix: 'prioritized', type: 'zset', state: 'prioritized' };

/**
 * The places in the order in which a job passes through them. A reader in this order finds a job that moves
 * forward meanwhile at least once, and last in its new place. `prioritized` is listed twice, since a change
 * of priority moves a job from it to `wait` or back; `waiting-children` follows `active`, since up to
 * version 4 a job moves there without an event.
 */
export const PLACES: readonly Place[] = [
  { suffix: 'delayed', type: 'zset', state: 'delayed' },
  // Before version 4, jobs with a priority are in `wait`.
  PRIORITIZED,
  { suffix: 'wait', type: 'list', state: 'waiting' },
  // Up to version 5, this is the name of `wait` while the queue is paused.
  { suffix: 'paused', type: 'list', state: 'paused' },
  PRIORITIZED,
  { suffix: 'active', type: 'list', state: 'active' },
  { suffix: 'waiting-children', type: 'zset', state: 'waiting-children' },
  { suffix: 'completed', type: 'zset', state: 'completed' },
  { suffix: 'failed', type: 'zset', state: 'failed' },
];

/** Returns the key of one of the queue's lists, or of the hash of a job with that id. */
export function keyOf({ prefix, name }: QueueAddress, suffix: string): string {
  return `${prefix}:${name}:${suffix}`;
}

/** Returns keys of which a queue that was ever used has at least one. */
export function keysOf(queue: QueueAddress): string[] {
  return ['meta', 'id', ...new Set(PLACES.map(({ suffix }) => suffix))].map((suffix) =>
    keyOf(queue, suffix),
  );
}

/**
 * Whether an id is not that of a job: versions 2 to 4 put `0`, `0:0` or `0:<time>` among the waiting jobs
 * to wake a worker up. The time may have a fraction.
 */
export function isMarker(id: string): boolean {
  return /^0(:\d+(\.\d+)?)?$/.test(id);
}

/** While a queue is paused (`paused` in its hash `meta`), its waiting jobs count as paused. */
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

/** Returns the queue of a key `meta` or `id`; `undefined` for other keys. */
export function queueNameOf(prefix: string, key: string): string | undefined {
  const [, name] = /^(.*):(?:meta|id)$/s.exec(key.slice(prefix.length + 1)) ?? [];
  return name;
}
