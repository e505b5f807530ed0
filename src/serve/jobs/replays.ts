import { eventsAfter, hasEvent, isEventId, type EventEntry } from '../../jobs/queue/events.js';
import type { JobAccess } from '../../reports/jobs/access.js';
import type { Change } from './changes.js';
import { isOfAllJobs, touch, type Touched } from './touched.js';

/** Events that are replayed for a client that comes back; after more of them it gets a `reset`. */
const MOST_REPLAYED = 2000;

/**
 * Resolves to the jobs touched after each of the events; to `undefined` for an event of which that is not
 * known, because the stream no longer has it, or because everything has to be read again.
 */
export async function readReplays(
  { redis, queue }: Pick<JobAccess, 'redis' | 'queue'>,
  eventIds: readonly string[],
): Promise<Map<string, Touched | undefined>> {
  const replays = new Map<string, Touched | undefined>();
  if (eventIds.length === 0) return replays;
  for (const after of new Set(eventIds)) {
    // An event that is not there was trimmed, or is of another Redis.
    const isKnown = isEventId(after) && (await hasEvent(redis, queue, after));
    const events = isKnown ? await eventsAfter(redis, queue, after, MOST_REPLAYED) : undefined;
    replays.set(after, events && replayOf(events));
  }
  return replays;
}

function replayOf(events: readonly EventEntry[]): Touched | undefined {
  if (events.some(isOfAllJobs) || events.length >= MOST_REPLAYED) return undefined;
  const touched: Touched = new Map();
  for (const entry of events) touch(touched, entry);
  return touched;
}

/** Returns the changes that a client has missed, with the ids of the events that it has missed. */
export function missedIn(replay: Touched, changes: ReadonlyMap<string, Change>): Change[] {
  return [...replay].flatMap(([id, { eventId }]) => {
    const change = changes.get(id);
    return change === undefined ? [] : [{ ...change, eventId }];
  });
}
