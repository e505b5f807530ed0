import { setTimeout as delay } from 'node:timers/promises';
import {
  BEFORE_ALL,
  eventSpan,
  followEvents,
  hasEvent,
  isBefore,
  lastEventId,
  type EventEntry,
} from '../../jobs/queue/events.js';
import type { RedisReader } from '../../redis/reader.js';
import type { JobAccess } from '../../reports/jobs/access.js';
import { AwaitedRecords, RECORD_RETRY_MS } from './awaited-records.js';
import { readChanges, type Change } from './changes.js';
import { KnownRows } from './known-rows.js';
import { missedIn, readReplays } from './replays.js';
import { inOrder, isOfAllJobs, touch, type Touched } from './touched.js';

/** Changes come in bursts: this long after the first one they are read together. */
const GATHER_MS = 150;
/** Less than the time that an answer is waited for. */
const BLOCK_MS = 2000;
const RETRY_MS = 500;
/** A client waits so long for the first answer; then it is told as soon as it comes. */
const READY_MS = 1000;
/** The most jobs of one burst of changes; a larger burst is told as a `reset`. */
const MOST_TOUCHED = 2000;
const EVENTS_AT_ONCE = 1000;
/** While events come, an earlier one is looked for no more often: it must still be in the stream. */
const ANCHOR_MS = 1000;

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
  #touched: Touched = new Map();
  #comebacks: Comeback[] = [];
  readonly #known = new KnownRows();
  readonly #awaited = new AwaitedRecords();
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

  /** The id of the last event whose change was told: a client that is here from now on has seen it. */
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
    for (let from = position; ;) from = await this.#readStream(events, from, signal);
  }

  /** Reads until the stream is another one: FLUSHALL, for example, tells nobody. Resolves to where that is read from. */
  async #readStream(events: RedisReader, from: string, signal: AbortSignal): Promise<string> {
    const { redis, queue } = this.#connections.access;
    let anchor = { id: from, atMs: performance.now() };
    for await (const page of followEvents(events, queue, from, { signal, blockMs: BLOCK_MS })) {
      const last = page.at(-1);
      const nowMs = performance.now();
      if (anchor.id === BEFORE_ALL) anchor = { id: last?.id ?? BEFORE_ALL, atMs: nowMs };
      // No timer of its own: the answer that nothing came is the time to look.
      if (last === undefined || nowMs - anchor.atMs >= ANCHOR_MS) {
        if (anchor.id !== BEFORE_ALL && !(await hasEvent(events, queue, anchor.id))) {
          this.#position = (await lastEventId(events, queue)) ?? BEFORE_ALL;
          this.#startOver();
          return this.#position;
        }
        anchor = { id: last?.id ?? this.#position ?? from, atMs: nowMs };
      }
      if (last === undefined) continue;
      // A stream has a length: events may have been dropped before they were read.
      const isFull = page.length >= EVENTS_AT_ONCE;
      const first = isFull ? (await eventSpan(redis, queue))?.first : undefined;
      if (first !== undefined && isBefore(last.id, first)) this.#startOver();
      for (const entry of page) this.#touch(entry);
      this.#position = last.id;
      this.#wake();
    }
    return from;
  }

  #touch(entry: EventEntry): void {
    if (isOfAllJobs(entry)) this.#mustReset = true;
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
      const afters = comebacks.map(({ after }) => after);
      const replays = await readReplays(access, afters);
      const again = this.#awaited.due(performance.now());
      const replayed = [...replays.values()].flatMap((replay) => [...(replay ?? [])]);
      const wanted = new Map([...replayed, ...again, ...touched]);
      const changes = await readChanges(access, wanted, (id) => this.#known.get(id));
      const byId = new Map(changes.map((change) => [change.id, change]));
      const told = [...new Map([...touched, ...again]).keys()].flatMap((id) => {
        const change = byId.get(id);
        const now = change && this.#awaited.told(change, touched.has(id), performance.now());
        return now === undefined ? [] : [now];
      });
      this.#toldTo = position;
      this.#listener.changed(access, told);
      for (const comeback of comebacks) {
        const replay = replays.get(comeback.after);
        if (replay === undefined) comeback.reset();
        else comeback.changed(access, missedIn(replay, byId));
      }
      for (const { id, row } of changes)
        for (const gone of this.#known.remember(id, row)) access.forget(gone);
      access.problems.length = 0;
    } catch (error) {
      // What was not told is told when Redis is back, unless everything is read again then.
      this.#touched = inOrder(touched, this.#touched);
      this.#comebacks.unshift(...comebacks);
      throw error;
    }
  }
}

/** Resolves or rejects when all have; rejects with the first reason. */
async function settled(tasks: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(tasks);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
