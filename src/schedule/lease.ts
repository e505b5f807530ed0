import type { RedisReader } from '../redis/reader.js';
import type { Claimed } from './engine/engine-parts.js';

/**
 * One firing, one run, of however many daemons: each is claimed in Redis by the name of the entry and
 * the time at which it was due. A claim is never given up nor taken over, so that a daemon that was
 * paused between its claim and its run cannot meet another one there.
 */

export interface LeaseParts {
  /** A connection of its own. Rejects where there is none to be had. */
  connect: () => Promise<{ redis: RedisReader; close: () => void }>;
  /** Which daemon this is: the same after a restart, and another one for each. */
  holder: () => Promise<string>;
}

const PREFIX = 'mangamotion:schedule:claim:';
/** A firing that was missed longer ago than this might run twice. */
const KEPT_SECONDS = 40 * 86_400;
/** A server that is silent must not hold up the runs that need it, nor take their places. */
const MOST_MS = 5_000;

export class Lease {
  readonly #parts: LeaseParts;
  #connection: ReturnType<LeaseParts['connect']> | undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async claim(name: string, dueMs: number): Promise<Claimed> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), MOST_MS);
    try {
      return await Promise.race([this.#ask(name, dueMs), whenAborted(limit.signal)]);
    } catch {
      void this.close();
      return { kind: 'unavailable' };
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(name: string, dueMs: number): Promise<Claimed> {
    const key = `${PREFIX}${new Date(dueMs).toISOString()}:${name}`;
    const holder = await this.#parts.holder();
    this.#connection ??= this.#parts.connect();
    const { redis } = await this.#connection;
    const isSet = await redis.call('SET', key, holder, 'NX', 'EX', KEPT_SECONDS);
    if (isSet !== null) return { kind: 'ours' };
    const by = await redis.call('GET', key);
    // Ours from before a crash: the run was cut off, and nobody else will make up for it.
    if (by === holder) return { kind: 'ours' };
    return { kind: 'taken', by: typeof by === 'string' ? by : 'another daemon' };
  }

  /** Ends the connection; the next claim opens another one. */
  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.then(
      ({ close }) => close(),
      () => undefined,
    );
  }
}

/** Rejects then, and never resolves. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('Redis was silent')), { once: true });
  });
}
