import type { RedisReader } from '../../redis/reader.js';
import type { QueueAddress } from './layout.js';
import { keyOf } from './layout.js';
import { orDamaged } from '../wrong-type.js';

/** What BullMQ tells of a job, or of the whole queue (`paused`, `drained`). */
export interface QueueEvent {
  /** `waiting`, `active`, `progress`, `completed`, `failed` and others. */
  event: string;
  jobId: string | null;
  /** All that it tells, `event` and `jobId` too. */
  fields: Record<string, string>;
}

interface EventsRequest {
  signal: AbortSignal;
  /** How long to wait for events before an empty page. Less than the timeout of the commands. */
  blockMs: number;
}

const EVENTS_AT_ONCE = 1000;
const BEFORE_ALL = '0-0';

/**
 * The events from now on, a page as soon as there are some, and an empty one each time that none
 * came for `blockMs`. The connection must be of its own: other commands would wait behind it.
 *
 * Rejects with the signal's reason at once, while the connection may still wait for its answer; and
 * when the connection breaks.
 */
export async function* readQueueEvents(
  redis: RedisReader,
  queue: QueueAddress,
  { signal, blockMs }: EventsRequest,
): AsyncGenerator<QueueEvent[]> {
  const key = keyOf(queue, 'events');
  // With `$` for each of the waits the events between two of them would be missed.
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

/** The id of the latest event; `undefined` where there is none. */
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

async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}
