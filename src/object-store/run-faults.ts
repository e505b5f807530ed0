import { MangamotionError, isMangamotionError } from '../errors.js';
import type { ObjectStore } from './port.js';
import { s3CodeOf } from './store-errors.js';

/** Few attempts suffice, because the failed request has already been retried in full. */
const PROBE = { attempts: 2 } as const;
/** The number of other buckets to probe before the store counts as refusing everything. */
const MAX_OTHERS = 3;
/** A probe is valid for this long, so that millions of failing objects do not cause millions of probes. */
const TRUSTED_FOR_MS = 2_000;

/** Error codes that can concern a single object or bucket. Any other is a fault of our own. */
export const STORE_ERRORS = [
  'unreachable',
  'access_denied',
  'not_found',
  'refused',
  'damaged',
] as const;

/**
 * Distinguishes faults that end a whole run from failures of one object or bucket. The list of such
 * faults is closed: an aborted signal, a fault of this program or of the destination, an
 * unreachable store, credentials that are refused for everything, and a bucket that is gone. Any
 * other error concerns one object only.
 */
export class RunFaults {
  readonly #store: ObjectStore;
  readonly #buckets: readonly string[];
  readonly #now: () => number;
  /** The probe of each bucket that is running, or its latest result. */
  readonly #probes = new Map<string, { at: number; outcome: Promise<void> }>();

  /** `buckets` are the names of the run's buckets; `now` is in milliseconds. */
  constructor(store: ObjectStore, buckets: readonly string[] = [], now = () => performance.now()) {
    this.#store = store;
    this.#buckets = buckets;
    this.#now = now;
  }

  /**
   * Resolves to the error if it concerns only the object or bucket where it arose. Rejects with the
   * fault if it ends the run; an aborted signal comes first.
   */
  async classify(bucket: string, error: unknown, signal: AbortSignal): Promise<MangamotionError> {
    signal.throwIfAborted();
    if (!isMangamotionError(error, ...STORE_ERRORS)) throw error;
    await this.#probeOnce(bucket, error, signal);
    return error;
  }

  /** Rejects if the store, the bucket or the rights are gone. */
  #probeOnce(bucket: string, failure: MangamotionError, signal: AbortSignal): Promise<void> {
    const known = this.#probes.get(bucket);
    if (known !== undefined && this.#now() - known.at < TRUSTED_FOR_MS) return known.outcome;
    const probe = { at: Infinity, outcome: this.#probe(bucket, failure, signal) };
    probe.outcome = probe.outcome.finally(() => (probe.at = this.#now()));
    // The callers handle the rejection.
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
    if (isNoSuchBucket(refused)) throw bucketGone(bucket, refused);
    const elsewhere = [
      () => this.#store.listBuckets({ ...PROBE, signal }),
      ...this.#buckets
        .filter((other) => other !== bucket)
        .slice(0, MAX_OTHERS)
        .map((other) => () => this.#store.listPage(other, { ...PROBE, maxKeys: 1, signal })),
    ];
    for (const request of elsewhere) {
      const next = await this.#failureOf(request);
      signal.throwIfAborted();
      // A missing bucket still proves that the store answers and accepts the credentials.
      if (next === undefined || isNoSuchBucket(next)) return;
    }
    throw isMangamotionError(refused, 'access_denied') ? refused : failure;
  }

  /**
   * Resolves to the error if the request shows no sign of a working store, `undefined` otherwise. A
   * refusal of the request itself is a working store's answer. An unexpected answer is not: a
   * server that gives only those is not an S3 server any more.
   */
  async #failureOf(request: () => Promise<unknown>): Promise<MangamotionError | undefined> {
    try {
      await request();
      return undefined;
    } catch (error) {
      if (!isMangamotionError(error)) throw error;
      return isMangamotionError(error, 'refused', 'damaged') ? undefined : error;
    }
  }
}

/** A 404 alone proves nothing: it may be that of a proxy in front of the store. */
function isNoSuchBucket(error: MangamotionError): boolean {
  return s3CodeOf(error) === 'NoSuchBucket';
}

function bucketGone(bucket: string, cause: MangamotionError): MangamotionError {
  return new MangamotionError('not_found', `bucket ${bucket} is gone: ${cause.message}`, {
    hint: 'It was deleted during the run, or the server lost it. Check the buckets and run the command again.',
    cause: cause.cause,
    request: cause.request,
  });
}
