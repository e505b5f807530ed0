import type { RedisReader } from '../../redis/reader.js';
import type { Claimed } from './engine.js';

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

export class Lease {
  readonly #parts: LeaseParts;
  #connection: ReturnType<LeaseParts['connect']> | undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async claim(name: string, dueMs: number): Promise<Claimed> {
    const key = `${PREFIX}${new Date(dueMs).toISOString()}:${name}`;
    try {
      const holder = await this.#parts.holder();
      this.#connection ??= this.#parts.connect();
      const { redis } = await this.#connection;
      const isSet = await redis.call('SET', key, holder, 'NX', 'EX', KEPT_SECONDS);
      if (isSet !== null) return { kind: 'ours' };
      const by = await redis.call('GET', key);
      // Ours from before a crash: the run was cut off, and nobody else will make up for it.
      return by === holder
        ? { kind: 'ours' }
        : { kind: 'taken', by: typeof by === 'string' ? by : 'another daemon' };
    } catch {
      await this.close();
      return { kind: 'unavailable' };
    }
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
