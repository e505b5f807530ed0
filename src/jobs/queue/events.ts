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

/** An event with its id in the stream. */
export interface EventEntry extends QueueEvent {
  id: string;
}

interface EventsRequest {
  signal: AbortSignal;
  /** How long to wait for events; it must be less than the timeout of commands. */
  blockMs: number;
}

const EVENTS_AT_ONCE = 1000;
/** The position before all events. */
export const BEFORE_ALL = '0-0';

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
  request: EventsRequest,
): AsyncGenerator<QueueEvent[]> {
  // A wait from `$` would miss the events since the last wait.
  const last = (await lastEventId(redis, queue)) ?? BEFORE_ALL;
  for await (const page of followEvents(redis, queue, last, request)) {
    yield page.map(({ event, jobId, fields }) => ({ event, jobId, fields }));
  }
}

/** As `readQueueEvents`, but yields the events after the one with this id. */
export async function* followEvents(
  redis: RedisReader,
  queue: QueueAddress,
  after: string,
  { signal, blockMs }: EventsRequest,
): AsyncGenerator<EventEntry[]> {
  const key = keyOf(queue, 'events');
  for (let last = after; ;) {
    signal.throwIfAborted();
    const waiting = ['COUNT', EVENTS_AT_ONCE, 'BLOCK', blockMs];
    const answer = redis.call('XREAD', ...waiting, 'STREAMS', key, last);
    const streams = (await orDamaged(key, unlessAborted(answer, signal))) as Stream[] | null;
    const entries = streams?.[0]?.[1] ?? [];
    last = entries.at(-1)?.[0] ?? last;
    yield entries.map(entryOf);
  }
}

/** Resolves to the ids of the first and the latest event; `undefined` where there is none. */
export async function eventSpan(
  redis: RedisReader,
  queue: QueueAddress,
): Promise<{ first: string; last: string } | undefined> {
  const first = await eventsFrom(redis, queue, '-', 1);
  const last = await lastEventId(redis, queue);
  const [entry] = first;
  return entry === undefined || last === undefined ? undefined : { first: entry.id, last };
}

/** Resolves to whether the stream still has the event with this id. */
export async function hasEvent(
  redis: RedisReader,
  queue: QueueAddress,
  id: string,
): Promise<boolean> {
  const [entry] = await eventsFrom(redis, queue, id, 1);
  return entry?.id === id;
}

/** Resolves to at most `count` events after the one with this id. */
export async function eventsAfter(
  redis: RedisReader,
  queue: QueueAddress,
  id: string,
  count: number,
): Promise<EventEntry[]> {
  const [ms = '0', sequence = '0'] = id.split('-');
  // An exclusive range needs Redis 6.2.
  return await eventsFrom(redis, queue, `${ms}-${BigInt(sequence) + 1n}`, count);
}

async function eventsFrom(
  redis: RedisReader,
  queue: QueueAddress,
  from: string,
  count: number,
): Promise<EventEntry[]> {
  const key = keyOf(queue, 'events');
  const answer = redis.call('XRANGE', key, from, '+', 'COUNT', count);
  return ((await orDamaged(key, answer)) as Entry[]).map(entryOf);
}

/** Whether the text is an id of an event. Numbers have at most 64 bits. */
export function isEventId(text: string): boolean {
  const [, ...numbers] = /^(\d{1,20})-(\d{1,20})$/.exec(text) ?? [];
  return numbers.length === 2 && numbers.every((number) => BigInt(number) < 2n ** 64n - 1n);
}

/** Whether event `a` came before event `b`. */
export function isBefore(a: string, b: string): boolean {
  const [msOfA = 0n, sequenceOfA = 0n] = a.split('-').map(BigInt);
  const [msOfB = 0n, sequenceOfB = 0n] = b.split('-').map(BigInt);
  return msOfA < msOfB || (msOfA === msOfB && sequenceOfA < sequenceOfB);
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

function entryOf([id, pairs]: Entry): EventEntry {
  const fields = Object.fromEntries(
    pairs.flatMap((name, index) => (index % 2 === 0 ? [[name, pairs[index + 1] ?? '']] : [])),
  ) as Record<string, string>;
  return { id, event: fields.event ?? '', jobId: fields.jobId ?? null, fields };
}
