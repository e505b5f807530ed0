import { MangamotionError, isMangamotionError } from '../errors.js';
import type { ObjectStore } from './port.js';

/** The request that failed had all its attempts: a store that is there answers these. */
const PROBE = { attempts: 2 } as const;
/** Buckets that are asked besides the one in question, before all counts as refused. */
const MAX_OTHERS = 3;
/** How long the store counts as reached: millions of objects may fail one after the other. */
const TRUSTED_FOR_MS = 2_000;

/** What a store can answer of a single object or bucket. Any other code is a fault of our own side. */
export const STORE_ERRORS = [
  'unreachable',
  'access_denied',
  'not_found',
  'refused',
  'damaged',
] as const;

/**
 * Tells what ends a whole run from what is a failure of one object or bucket. The list is closed: a
 * signal; a fault of this program or of the destination; the store unreachable; the credentials
 * refused for everything; the bucket gone. Whatever else a server answers concerns that object alone.
 */
export class RunFaults {
  readonly #store: ObjectStore;
  readonly #buckets: readonly string[];
  readonly #now: () => number;
  /** For each bucket, the probe that is under way, or the last one that succeeded. */
  readonly #probes = new Map<string, { at: number; outcome: Promise<void> }>();

  /** `buckets`: those of the run. `now` in milliseconds. */
  constructor(store: ObjectStore, buckets: readonly string[] = [], now = () => performance.now()) {
    this.#store = store;
    this.#buckets = buckets;
    this.#now = now;
  }

  /**
   * Resolves to the error where it is a failure of the object or bucket it arose at, and rejects with
   * what ends the run. A signal outweighs everything.
   */
  async classify(bucket: string, error: unknown, signal: AbortSignal): Promise<MangamotionError> {
    signal.throwIfAborted();
    if (!isMangamotionError(error, ...STORE_ERRORS)) throw error;
    await this.#reach(bucket, error, signal);
    return error;
  }

  /** Rejects where the store, the bucket or the rights are gone. */
  #reach(bucket: string, failure: MangamotionError, signal: AbortSignal): Promise<void> {
    const known = this.#probes.get(bucket);
    if (known !== undefined && this.#now() - known.at < TRUSTED_FOR_MS) return known.outcome;
    const probe = { at: Infinity, outcome: this.#probe(bucket, failure, signal) };
    probe.outcome = probe.outcome.finally(() => (probe.at = this.#now()));
    // Whoever awaits it handles its failure.
    probe.outcome.catch(() => undefined);
    this.#probes.set(bucket, probe);
    return probe.outcome;
  }

  async #probe(bucket: string, failure: MangamotionError, signal: AbortSignal): Promise<void> {
    const refused = await this.#failureOf(() =>
      this.#store.listPage(bucket, { ...PROBE, maxKeys: 1, signal }),
    );
    signal.throwIfAborted();
    if (refused === undefined) return;
    if (isMangamotionError(refused, 'not_found')) throw bucketGone(bucket, refused);
    const elsewhere = [
      () => this.#store.listBuckets({ ...PROBE, signal }),
      ...this.#buckets
        .filter((other) => other !== bucket)
        .slice(0, MAX_OTHERS)
        .map((other) => () => this.#store.listPage(other, { ...PROBE, maxKeys: 1, signal })),
    ];
    for (const ask of elsewhere) {
      const next = await this.#failureOf(ask);
      signal.throwIfAborted();
      // A bucket that is gone says nothing of the store, which is there and knows us.
      if (next === undefined || isMangamotionError(next, 'not_found')) return;
    }
    throw isMangamotionError(refused, 'access_denied') ? refused : failure;
  }

  /**
   * What stands against the store being there for us; `undefined` where it answered. A refusal that
   * is none of the credentials is an answer. One of the wrong shape is none: whoever gives it for
   * everything is no S3 server any more.
   */
  async #failureOf(ask: () => Promise<unknown>): Promise<MangamotionError | undefined> {
    try {
      await ask();
      return undefined;
    } catch (error) {
      if (!isMangamotionError(error)) throw error;
      return isMangamotionError(error, 'refused', 'damaged') ? undefined : error;
    }
  }
}

function bucketGone(bucket: string, cause: MangamotionError): MangamotionError {
  return new MangamotionError('not_found', `bucket ${bucket} is gone: ${cause.message}`, {
    hint: 'It was deleted during the run, or the server has lost it. Check the buckets, and run the command again.',
    cause: cause.cause,
    request: cause.request,
  });
}
