import type { RedisReader } from '../../redis/reader.js';
import { unlessAborted } from '../../redis/unless-aborted.js';
import type { QueueAddress } from './layout.js';
import { keyOf } from './layout.js';
import { orDamaged } from './wrong-type.js';

/** An event of a job, or of the whole queue (`paused`, `drained`). */
export interface QueueEvent {
  /** `waiting`, `active`, `progress`, `completed`, `failed` and others. */
  event: string;
  jobId: string | null;
  /** All fields of the event, including `event` and `jobId`. */
  fields: Record<string, string>;
}

interface EventsRequest {
  signal: AbortSignal;
  /** How long to wait for events; it must be less than the timeout of commands. */
  blockMs: number;
}

const EVENTS_AT_ONCE = 1000;
const BEFORE_ALL = '0-0';

/**
 * Yields the events from now on: a page as soon as there are some, and an empty page whenever none came
 * for `blockMs`. The connection must be used for nothing else: other commands would wait behind it.
 *
 * Rejects when the connection breaks, and with the signal's reason as soon as it is aborted, while the
 * connection may still wait for its answer.
 */
export async function* readQueueEvents(
  redis: RedisReader,
  queue: QueueAddress,
  { signal, blockMs }: EventsRequest,
): AsyncGenerator<QueueEvent[]> {
  const key = keyOf(queue, 'events');
  // A wait from `$` would miss the events since the last wait.
  let last = (await lastEventId(redis, queue)) ?? BEFORE_ALL;
  for (;;) {
    signal.throwIfAborted();
    const waiting = ['COUNT', EVENTS_AT_ONCE, 'BLOCK', blockMs];
    const answer = redis.call('XREAD', ...waiting, 'STREAMS', key, last);
    const streams = (await orDamaged(key, unlessAborted(answer, signal))) as Stream[] | null;
    const entries = streams?.[0]?.[1] ?? [];
    last = entries.at(-1)?.[0] ?? last;
    yield entries.map(([, pairs]) => eventOf(pairs));
  }
}

/** Resolves to the id of the latest event; `undefined` where there is none. */
export async function lastEventId(
  redis: RedisReader,
  queue: QueueAddress,
): Promise<string | undefined> {
  const key = keyOf(queue, 'events');
  const answer = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1);
  const [entry] = (await orDamaged(key, answer)) as Entry[];
  return entry?.[0];
}

/** An entry of a stream as Redis returns it: its id, then fields and values in turn. */
type Entry = [id: string, pairs: string[]];
type Stream = [key: string, entries: Entry[]];

function eventOf(pairs: readonly string[]): QueueEvent {
  const fields = Object.fromEntries(
    pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, pairs[index + 1] ?? '']] : [])),
  ) as Record<string, string>;
  return { event: fields.event ?? '', jobId: fields.jobId ?? null, fields };
}
