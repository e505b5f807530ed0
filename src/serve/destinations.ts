import { setTimeout as delay } from 'node:timers/promises';
import { type DrillRecord, RECORDS_FOLDER } from '../drill/records.js';
import { RecordsThere } from '../drill/records-there.js';
import { isMangamotionError } from '../errors.js';
import type { Destination } from '../repository/destination.js';
import { destinationStatus, type DestinationStatus } from '../repository/status.js';
import { readContent, type DestinationContent } from '../reports/backups/list.js';
import { badRequest, notFound, RequestFailure } from './failure.js';
import { withDeadline } from './deadline.js';
import { withinBound } from './destination-bound.js';

/** A destination that was named at the start. */
export interface NamedDestination {
  /** The text with which it was named: clients name it with the same. */
  text: string;
  /** Its location, as drills record it. */
  location: string;
  /** Opens it for requests that end with the signal. */
  open(signal: AbortSignal): Promise<Destination>;
}

/** What is known of a destination. */
export interface Reading {
  /** The content when it could last be read; `undefined` if it never could be. */
  content: DestinationContent | undefined;
  /** When the content was read. */
  readAt: Date | undefined;
  /** The drills that are recorded there, when they could last be read. */
  drills: DrillsThere;
  /** Why it could not be read the last time; `undefined` if it could. */
  failure: Error | undefined;
}

interface DrillsThere {
  records: readonly DrillRecord[];
  /** Records that cannot be read. */
  damaged: number;
  /** Why they could not be read the last time. */
  failure: Error | undefined;
}

interface Parts {
  now: () => Date;
  /** Ends all reads. */
  signal: AbortSignal;
  retentionDays: number;
  /** The maximum age of the newest complete backup; `undefined` for none. */
  maxAgeMs: number | undefined;
  onFailure: (destination: string, error: unknown) => void;
  /** The most bytes of summaries that are kept, for all destinations. For tests. */
  mostBytes?: number;
  /** How long a request waits for a destination. For tests. */
  waitMs?: number;
  /** How long a request waits for a look at one. For tests. */
  lookWaitMs?: number;
}

/** A request does not read a destination again within this time. */
const FRESH_MS = 60_000;
/** An unknown id makes a request read the destination again, but not more often than this. */
const LEAST_MS = 2000;
/** How long a failure counts before a request tries the destination again. */
const FAILED_MS = 10_000;
/** How long a request waits for a destination that hangs, such as a network disk. */
const WAIT_MS = 20_000;
/** Health is asked by programs that do not wait for long. */
const SHORT_WAIT_MS = 3000;
/** What was read is shown only if a look finds the same place: a disk may have been unmounted since. */
const LOOK_MS = 3000;
const LOOK_WAIT_MS = 2000;
/** How long later requests wait for a destination that did not answer in time. */
const LATE_WAIT_MS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;

const NO_ANSWER = 'the destination does not answer';

type Look = 'same' | 'other' | 'failed';

class Known {
  reading: Reading = {
    ...{ content: undefined, readAt: undefined, failure: undefined },
    drills: { records: [], damaged: 0, failure: undefined },
  };
  readonly records = new RecordsThere();
  /** The clock of the process, which nobody sets. */
  readAtMs: number | undefined;
  underWay: Promise<void> | undefined;
  /** It did not answer in time, and has not answered since. */
  isLate = false;
  /** What `placeNow` said when the content was read; `undefined` if that is not known. */
  place: string | undefined;
  /** When it was looked at, or read. */
  lookedAtMs = 0;
  look: Promise<Look> | undefined;
}

/** The destinations that `serve` shows, and what they held when they were last read. */
export class Destinations {
  readonly #named: readonly NamedDestination[];
  readonly #known: ReadonlyMap<NamedDestination, Known>;
  readonly #parts: Parts;

  constructor(named: readonly NamedDestination[], parts: Parts) {
    this.#named = named;
    this.#known = new Map(named.map((one) => [one, new Known()]));
    this.#parts = parts;
  }

  get all(): readonly NamedDestination[] {
    return this.#named;
  }

  /** Returns the one that the client names. Throws 404 for any other text, 400 if it has to name one. */
  choose(text: string | undefined): NamedDestination {
    const [only, another] = this.#named;
    if (text !== undefined) {
      const named = this.#named.find((one) => one.text === text);
      if (named === undefined) throw notFound('this destination is not served here');
      return named;
    }
    if (only === undefined) throw notFound('no destination is served here');
    if (another !== undefined) throw badRequest('destination is missing: several are served here');
    return only;
  }

  /** Resolves to what the destination holds, read within the last minute if it can be read. */
  async read(named: NamedDestination, mostAgeMs = FRESH_MS, waitMs?: number): Promise<Reading> {
    const known = this.#knownOf(named);
    const { reading, readAtMs } = known;
    const limitMs = reading.failure === undefined ? mostAgeMs : Math.min(mostAgeMs, FAILED_MS);
    const isOld = readAtMs === undefined || performance.now() - readAtMs > limitMs;
    // A look that hangs is enough: what hangs on a disk keeps one of few threads.
    const mustRead = known.underWay !== undefined || (isOld && known.look === undefined);
    const look = mustRead ? 'none' : await this.#look(named, known);
    if (look === 'other' || look === 'none' || (isOld && look === 'same'))
      await this.#readAgain(named, known, waitMs ?? this.#parts.waitMs ?? WAIT_MS);
    return known.reading;
  }

  /** Resolves as `read` does, and reads once more if what was read before does not hold the backup. */
  async readWith(named: NamedDestination, id: string): Promise<Reading> {
    const reading = await this.read(named);
    return holds(reading, id) ? reading : await this.read(named, LEAST_MS);
  }

  /**
   * Resolves to the last reading, however old it is; reads only if that failed, there is none, or a look finds
   * another place, and does not wait for long.
   */
  async last(named: NamedDestination): Promise<Reading> {
    return await this.read(named, Infinity, SHORT_WAIT_MS);
  }

  /** Reads all of them again. Never rejects. */
  async refresh(): Promise<void> {
    await Promise.all(this.#named.map((named) => this.read(named, LEAST_MS)));
  }

  statusOf({ backups, readings }: DestinationContent): DestinationStatus {
    const { now, retentionDays, maxAgeMs } = this.#parts;
    return destinationStatus(backups, { now: now(), retentionDays, maxAgeMs, readings });
  }

  #knownOf(named: NamedDestination): Known {
    return this.#known.get(named) ?? new Known();
  }

  /**
   * Resolves to whether the destination still is what was read; `failed` also if that could not be found out in
   * time. A failure is that of the reading, too. Does not look again within a few seconds, and requests at the
   * same time share one look.
   */
  async #look(named: NamedDestination, known: Known): Promise<Look> {
    const isFresh = performance.now() - known.lookedAtMs <= LOOK_MS;
    if (known.look === undefined && (known.place === undefined || isFresh)) return 'same';
    known.look ??= this.#lookAt(named, known).finally(() => (known.look = undefined));
    const { lookWaitMs = LOOK_WAIT_MS } = this.#parts;
    return (await inTime(known.look, known, lookWaitMs)) ?? 'failed';
  }

  async #lookAt(named: NamedDestination, known: Known): Promise<Look> {
    const { signal, lookWaitMs = LOOK_WAIT_MS } = this.#parts;
    const late = { waitMs: lookWaitMs, late: () => unavailable(NO_ANSWER) };
    const hasFailed = (): boolean => known.reading.failure !== undefined;
    try {
      const place = await withDeadline(signal, late, async (limited) =>
        (await named.open(limited)).placeNow?.(),
      );
      return place === known.place && !hasFailed() ? 'same' : 'other';
    } catch (error) {
      if (!hasFailed() && !signal.aborted) this.#parts.onFailure(named.text, error);
      known.reading = { ...known.reading, failure: ofDestination(error) };
      return 'failed';
    } finally {
      known.lookedAtMs = performance.now();
      known.isLate = false;
    }
  }

  /** Requests at the same time share one read, also one that hangs. */
  async #readAgain(named: NamedDestination, known: Known, waitMs: number): Promise<void> {
    known.underWay ??= this.#fill(named, known).finally(() => (known.underWay = undefined));
    await inTime(known.underWay, known, waitMs);
  }

  async #fill(named: NamedDestination, known: Known): Promise<void> {
    try {
      const destination = await named.open(this.#parts.signal);
      known.place = await destination.placeNow?.();
      const [content, drills] = await Promise.all([
        readContent(destination),
        readDrills(destination, known, this.#parts.signal),
      ]);
      const { mostBytes = MOST_BYTES } = this.#parts;
      const kept = withinBound(content, mostBytes / this.#named.length);
      known.reading = { content: kept, drills, readAt: this.#parts.now(), failure: undefined };
    } catch (error) {
      // The server ends, which is no news of the destination.
      if (!this.#parts.signal.aborted) this.#parts.onFailure(named.text, error);
      known.reading = { ...known.reading, failure: ofDestination(error) };
    }
    known.readAtMs = performance.now();
    known.lookedAtMs = known.readAtMs;
    known.isLate = false;
  }
}

/** Resolves as the work does. If it takes too long, that is the failure of the reading: to `undefined`. */
async function inTime<T>(work: Promise<T>, known: Known, waitMs: number): Promise<T | undefined> {
  const waiting = new AbortController();
  const leftMs = known.isLate ? Math.min(waitMs, LATE_WAIT_MS) : waitMs;
  const late = delay(leftMs, undefined, { signal: waiting.signal, ref: false });
  const onLate = (): undefined => {
    known.reading = { ...known.reading, failure: unavailable(NO_ANSWER) };
    known.isLate = true;
  };
  const first = await Promise.race([work, late.then(onLate, () => undefined)]);
  waiting.abort();
  return first;
}

/** What is known of drills is kept if they cannot be read now. */
async function readDrills(
  destination: Destination,
  { records, reading }: Known,
  signal: AbortSignal,
): Promise<DrillsThere> {
  try {
    const read = await records.read(destination.claims(RECORDS_FOLDER), signal);
    return { ...read, failure: undefined };
  } catch (error) {
    return { ...reading.drills, failure: ofDestination(error) };
  }
}

function holds({ content }: Reading, id: string): boolean {
  const { backups = [], legacy = [] } = content ?? {};
  return backups.some((one) => one.id === id) || legacy.some((one) => one.id === id);
}

/** Translates an error of a destination: a mistake made at the start is no mistake of the client. */
export function ofDestination(error: unknown): Error {
  if (isMangamotionError(error, 'usage', 'disk')) return unavailable(error.message, error);
  if (isMangamotionError(error, 'configuration'))
    return unavailable('the destination is unavailable', error);
  return error instanceof Error ? error : new Error(String(error));
}

/** A destination that is missing, such as a disk that is not mounted, says nothing of its backups. */
export function ofMissing(error: unknown): unknown {
  return isMangamotionError(error, 'not_found') && error.request === undefined
    ? unavailable(error.message, error)
    : error;
}

function unavailable(message: string, cause?: Error): RequestFailure {
  const headers = { 'retry-after': '5' };
  return new RequestFailure(503, message, { code: 'unavailable', headers, cause });
}
