import { setTimeout as delay } from 'node:timers/promises';
import {
  BEFORE_ALL,
  eventsAfter,
  eventSpan,
  followEvents,
  hasEvent,
  isBefore,
  isEventId,
  lastEventId,
  type EventEntry,
} from '../../jobs/queue/events.js';
import type { JobRow } from '../../jobs/row.js';
import type { RedisReader } from '../../redis/reader.js';
import type { JobAccess } from '../../reports/jobs/access.js';
import { readChanges, type Change, type Ending, type Touch } from './changes.js';

/** Changes come in bursts: this long after the first one they are read together. */
const GATHER_MS = 150;
/** Less than the time that an answer is waited for. */
const BLOCK_MS = 2000;
const RETRY_MS = 500;
/** A client waits so long for the first answer; then it is told as soon as it comes. */
const READY_MS = 1000;
/** Of one burst; more are told as a `reset`. */
const MOST_TOUCHED = 2000;
/** Events that are replayed for a client that comes back; after more of them it gets a `reset`. */
const MOST_REPLAYED = 2000;
/** Rows that are remembered, to tell what a change is a change of. */
const MOST_KNOWN = 5000;
/** A job leaves the queue, and then the worker writes its billing record: so long that is waited for. */
const RECORD_GRACE_MS = 10_000;
const RECORD_RETRY_MS = 1000;
const MOST_AWAITED = 1000;
const EVENTS_AT_ONCE = 1000;

/** Events of the whole queue after which the jobs have to be listed again. */
const CHANGES_ALL = new Set(['paused', 'resumed', 'cleaned', 'obliterated']);

/** Who is told of changes. */
export interface Listener {
  /** Changes in the order of their latest events, which came up to `position`. */
  changed(access: JobAccess, changes: readonly Change[]): void;
  /** Everything has to be read again. */
  reset(): void;
  redis(state: 'away' | 'back'): void;
}

/** A client that comes back: it has seen the events up to this id. */
export interface Comeback {
  after: string;
  changed(access: JobAccess, changes: readonly Change[]): void;
  reset(): void;
}

export interface FeedConnections {
  access: JobAccess;
  /** Waits for events, so it is used for nothing else. */
  events: RedisReader;
  closeEvents: () => void;
}

/**
 * Reads the events of a queue, and the jobs that they are about, from its start until the signal. After an
 * outage it goes on where it was, or tells that everything has to be read again.
 */
export class FeedRun {
  readonly #connections: FeedConnections;
  readonly #listener: Listener;
  readonly #signal: AbortSignal;
  /** The event up to which events were read; `undefined` before the first answer. */
  #position: string | undefined;
  /** The event up to which changes were told. */
  #toldTo: string | undefined;
  #isAway = false;
  #mustReset = false;
  #touched = new Map<string, Touch>();
  #comebacks: Comeback[] = [];
  readonly #known = new Map<string, JobRow>();
  readonly #awaited = new Map<string, { untilMs: number; ending: Ending }>();
  #lookAgainAtMs = 0;
  #wake: () => void = () => undefined;
  #setReady: () => void = () => undefined;
  readonly #ready = new Promise<void>((resolve) => (this.#setReady = resolve));

  constructor(connections: FeedConnections, listener: Listener, signal: AbortSignal) {
    this.#connections = connections;
    this.#listener = listener;
    this.#signal = signal;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** What a client that is told everything from now on has seen. */
  get toldTo(): string | undefined {
    return this.#toldTo;
  }

  /** Resolves when the first position is known, or after a while. */
  async untilReady(): Promise<void> {
    if (this.#position !== undefined || this.#isAway) return;
    const timer = setTimeout(() => {
      this.#lost();
      this.#setReady();
    }, READY_MS);
    await this.#ready;
    clearTimeout(timer);
  }

  comeBack(comeback: Comeback): void {
    this.#comebacks.push(comeback);
    this.#wake();
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { events, closeEvents } = this.#connections;
    while (!this.#signal.aborted) {
      const ended = new AbortController();
      const end = (): void => ended.abort(new Error('ended'));
      this.#signal.addEventListener('abort', end, { once: true });
      try {
        const position = await this.#resume();
        const endAll = (error: unknown): never => {
          end();
          throw error;
        };
        await settled([
          this.#read(events, position, ended.signal).catch(endAll),
          this.#tell(ended.signal).catch(endAll),
        ]);
      } catch {
        // Told below, and tried again.
      } finally {
        end();
        this.#signal.removeEventListener('abort', end);
      }
      this.#lost();
      await delay(RETRY_MS, undefined, { signal: this.#signal }).catch(() => undefined);
    }
    closeEvents();
  }

  #lost(): void {
    if (this.#signal.aborted || this.#isAway) return;
    this.#isAway = true;
    this.#setReady();
    this.#listener.redis('away');
  }

  /** Resolves to where the events are read from. */
  async #resume(): Promise<string> {
    const { redis, queue } = this.#connections.access;
    const last = (await lastEventId(redis, queue)) ?? BEFORE_ALL;
    const before = this.#position;
    const goesOn =
      before === undefined
        ? !this.#isAway
        : before === BEFORE_ALL
          ? last === BEFORE_ALL
          : await hasEvent(redis, queue, before);
    if (!goesOn) this.#startOver();
    const position = goesOn && before !== undefined ? before : last;
    this.#position = position;
    this.#toldTo ??= position;
    if (this.#isAway) {
      this.#isAway = false;
      this.#listener.redis('back');
    }
    this.#setReady();
    return position;
  }

  #startOver(): void {
    this.#known.clear();
    this.#awaited.clear();
    this.#touched.clear();
    this.#toldTo = undefined;
    this.#mustReset = true;
    this.#wake();
  }

  async #read(events: RedisReader, position: string, signal: AbortSignal): Promise<void> {
    const { redis, queue } = this.#connections.access;
    const pages = followEvents(events, queue, position, { signal, blockMs: BLOCK_MS });
    for await (const page of pages) {
      const last = page.at(-1);
      if (last === undefined) continue;
      // A stream has a length: events may have been dropped before they were read.
      const isFull = page.length >= EVENTS_AT_ONCE;
      const first = isFull ? (await eventSpan(redis, queue))?.first : undefined;
      if (first !== undefined && isBefore(last.id, first)) this.#startOver();
      for (const entry of page) this.#touch(entry);
      this.#position = last.id;
      this.#wake();
    }
  }

  #touch(entry: EventEntry): void {
    if (CHANGES_ALL.has(entry.event)) this.#mustReset = true;
    touch(this.#touched, entry);
    if (this.#touched.size > MOST_TOUCHED) this.#startOver();
  }

  async #tell(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#somethingToTell(signal);
      await delay(GATHER_MS, undefined, { signal });
      await this.#tellOnce();
    }
  }

  /** Resolves when there is something to read. */
  async #somethingToTell(signal: AbortSignal): Promise<void> {
    const isThere = this.#touched.size > 0 || this.#comebacks.length > 0 || this.#mustReset;
    signal.throwIfAborted();
    if (isThere) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#awaited.size > 0 ? setTimeout(done, RECORD_RETRY_MS) : undefined;
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
    signal.throwIfAborted();
  }

  async #tellOnce(): Promise<void> {
    const { access } = this.#connections;
    const position = this.#position;
    if (this.#mustReset) {
      this.#mustReset = false;
      this.#touched.clear();
      this.#toldTo = position;
      this.#listener.reset();
    }
    const touched = this.#touched;
    this.#touched = new Map();
    const comebacks = this.#comebacks.splice(0);
    try {
      const replays = await this.#replays(comebacks);
      const again = this.#dueAgain();
      const wanted = new Map([...[...replays.values()].flatMap(entriesOf), ...again, ...touched]);
      const changes = await readChanges(access, wanted, (id) => this.#known.get(id));
      const byId = new Map(changes.map((change) => [change.id, change]));
      const told = [...new Map([...touched, ...again]).keys()].flatMap((id) => {
        const change = byId.get(id);
        return change === undefined ? [] : this.#settled(change, touched.has(id));
      });
      this.#toldTo = position;
      this.#listener.changed(access, told);
      for (const comeback of comebacks) {
        const replay = replays.get(comeback.after);
        if (replay === undefined) comeback.reset();
        else comeback.changed(access, missedIn(replay, byId));
      }
      for (const change of changes) this.#remember(change);
      access.problems.length = 0;
    } catch (error) {
      // What was not told is told when Redis is back, unless everything is read again then.
      for (const [id, one] of this.#touched) {
        touched.delete(id);
        touched.set(id, one);
      }
      this.#touched = touched;
      this.#comebacks.unshift(...comebacks);
      throw error;
    }
  }

  /** Resolves to the jobs touched since each position; to `undefined` where that is not known. */
  async #replays(
    comebacks: readonly Comeback[],
  ): Promise<Map<string, ReadonlyMap<string, Touch> | undefined>> {
    const { redis, queue } = this.#connections.access;
    const replays = new Map<string, ReadonlyMap<string, Touch> | undefined>();
    if (comebacks.length === 0) return replays;
    for (const { after } of comebacks) {
      if (replays.has(after)) continue;
      // One that is not there was trimmed, or is of another Redis.
      const isKnown = isEventId(after) && (await hasEvent(redis, queue, after));
      if (!isKnown) {
        replays.set(after, undefined);
        continue;
      }
      const events = await eventsAfter(redis, queue, after, MOST_REPLAYED);
      const changesAll = events.some(({ event }) => CHANGES_ALL.has(event));
      const replay = new Map<string, Touch>();
      for (const entry of events) touch(replay, entry);
      replays.set(after, changesAll || events.length === MOST_REPLAYED ? undefined : replay);
    }
    return replays;
  }

  /** Jobs whose billing records are looked for again. */
  #dueAgain(): Map<string, Touch> {
    const nowMs = performance.now();
    if (nowMs < this.#lookAgainAtMs) return new Map();
    this.#lookAgainAtMs = nowMs + RECORD_RETRY_MS;
    return new Map(
      [...this.#awaited].map(([id, { ending }]) => [id, { eventId: undefined, ending }]),
    );
  }

  /** Returns the change if it is to be told now. */
  #settled(change: Change, isTouched: boolean): Change[] {
    const { id, awaitsRecord, ending } = change;
    const awaited = this.#awaited.get(id);
    if (!awaitsRecord || ending === undefined) {
      this.#awaited.delete(id);
      return [change];
    }
    const nowMs = performance.now();
    if (isTouched || awaited === undefined) {
      if (this.#awaited.size < MOST_AWAITED)
        this.#awaited.set(id, { untilMs: nowMs + RECORD_GRACE_MS, ending });
      return change.row === undefined ? [] : [change];
    }
    if (nowMs < awaited.untilMs) return [];
    this.#awaited.delete(id);
    return [{ ...change, row: undefined }];
  }

  #remember({ id, row }: Change): void {
    const { access } = this.#connections;
    this.#known.delete(id);
    if (row === undefined) access.forget(id);
    else this.#known.set(id, row);
    const [oldest] = this.#known.keys();
    if (this.#known.size <= MOST_KNOWN || oldest === undefined) return;
    this.#known.delete(oldest);
    access.forget(oldest);
  }
}

function touch(touched: Map<string, Touch>, { id, event, jobId }: EventEntry): void {
  if (jobId === null) return;
  const ending = event === 'completed' || event === 'failed' ? event : undefined;
  // Last, in the order of the latest events.
  touched.delete(jobId);
  touched.set(jobId, { eventId: id, ending });
}

function entriesOf(replay: ReadonlyMap<string, Touch> | undefined): [string, Touch][] {
  return [...(replay ?? [])];
}

function missedIn(
  replay: ReadonlyMap<string, Touch>,
  changes: ReadonlyMap<string, Change>,
): Change[] {
  return [...replay].flatMap(([id, { eventId }]) => {
    const change = changes.get(id);
    return change === undefined ? [] : [{ ...change, eventId }];
  });
}

/** Resolves or rejects when all have; rejects with the first reason. */
async function settled(tasks: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(tasks);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
