import { evictionText } from '../billing/eviction.js';
import { readEviction } from '../redis/eviction.js';
import type { RedisReader } from '../redis/reader.js';

/** INFO is asked for once in this time, however many requests there are. */
const KNOWN_MS = 30_000;

/** Knows whether Redis evicts keys, which makes sums of counters too small. */
export class EvictionWatch {
  readonly #redis: RedisReader;
  readonly #knownMs: number;
  #warning: string | undefined;
  /** By the clock of the process; `undefined` before the first answer. */
  #readAtMs: number | undefined;
  #underWay: Promise<void> | undefined;

  constructor(redis: RedisReader, knownMs = KNOWN_MS) {
    this.#redis = redis;
    this.#knownMs = knownMs;
  }

  /**
   * Resolves to a sentence without its full stop; to `undefined` where Redis evicts nothing or does not
   * tell. While Redis does not answer, the last answer counts. Never rejects.
   */
  async warning(): Promise<string | undefined> {
    const isKnown =
      this.#readAtMs !== undefined && performance.now() - this.#readAtMs < this.#knownMs;
    if (!isKnown) {
      this.#underWay ??= this.#read().finally(() => (this.#underWay = undefined));
      await this.#underWay;
    }
    return this.#warning;
  }

  async #read(): Promise<void> {
    try {
      const eviction = await readEviction(this.#redis);
      this.#warning = eviction && `Redis ${evictionText(eviction)}`;
      this.#readAtMs = performance.now();
    } catch {
      // What else the request reads of Redis says what is wrong.
    }
  }
}
