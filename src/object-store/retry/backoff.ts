import { countOf } from '../../count-of.js';
import { MangamotionError } from '../../errors.js';
import { onAbort } from '../s3/on-abort.js';
import { isTransient, isUnexpectedAnswer } from '../store-errors.js';

export interface RetryPolicy {
  /** The maximum number of attempts; 6 by default. */
  attempts?: number | undefined;
  /** The maximum of the first delay, 200 ms by default; it doubles with each attempt. */
  baseDelayMs?: number | undefined;
  /** The maximum of any delay; 10 s by default. */
  maxDelayMs?: number | undefined;
  onRetry?: ((retry: Retry) => void) | undefined;
  /** Tests replace it. Rejects when the signal is aborted. */
  sleep?: ((delayMs: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Returns a random number from 0 to 1; tests replace it. */
  random?: (() => number) | undefined;
}

/** The number of attempts for an answer that is not S3's: it rarely improves. */
const ATTEMPTS_AT_UNEXPECTED_ANSWERS = 2;

export interface Retry {
  error: MangamotionError;
  /** The number of the attempt that failed, from 1. */
  attempt: number;
  delayMs: number;
}

/** Counts the failures of one operation and waits after each, with full jitter. */
export class Backoff {
  readonly #policy: RetryPolicy;
  readonly #signal: AbortSignal | undefined;
  #failures = 0;
  #unexpected = 0;

  constructor(policy: RetryPolicy, signal: AbortSignal | undefined) {
    this.#policy = policy;
    this.#signal = signal;
  }

  /** Call this after a success: the next failure counts as the first one. */
  reset(): void {
    this.#failures = 0;
    this.#unexpected = 0;
  }

  /** Resolves when it is time to retry. Rejects if the failure is permanent or was the last. */
  async after(error: unknown): Promise<void> {
    this.#signal?.throwIfAborted();
    if (!(error instanceof MangamotionError) || !isTransient(error)) throw error;
    const { attempts = 6, onRetry, sleep = defaultSleep } = this.#policy;
    this.#failures += 1;
    if (isUnexpectedAnswer(error)) this.#unexpected += 1;
    const isEnough = this.#unexpected >= ATTEMPTS_AT_UNEXPECTED_ANSWERS;
    if (isEnough || this.#failures >= attempts) throw gaveUp(error, this.#failures);
    const delayMs = this.#delay();
    onRetry?.({ error, attempt: this.#failures, delayMs });
    await sleep(delayMs, this.#signal);
  }

  #delay(): number {
    const { baseDelayMs = 200, maxDelayMs = 10_000, random = Math.random } = this.#policy;
    return Math.round(random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#failures - 1)));
  }
}

export async function retrying<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  let backoff: Backoff | undefined;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      backoff ??= new Backoff(policy, signal);
      await backoff.after(error);
    }
  }
}

function gaveUp(error: MangamotionError, attempts: number): MangamotionError {
  const message = `${error.message} (gave up after ${countOf(attempts, 'attempt')})`;
  const { code, hint, request } = error;
  return new MangamotionError(code, message, { hint, request, cause: error.cause ?? error });
}

function defaultSleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stopListening?.();
      resolve();
    }, delayMs);
    const stopListening =
      signal &&
      onAbort(signal, () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
  });
}
