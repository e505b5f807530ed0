import { isMangamotionError, messageOf } from '../../../errors.js';
import { isRefusedByServer } from '../../../redis/errors.js';
import type { QueueEvent } from '../../../jobs/queue/events.js';

/** Events come in bursts: this long after the first one they are taken together. */
const SETTLE_MS = 150;

/** What the queue tells of its jobs, gathered until someone asks. */
export class EventFeed {
  #events: QueueEvent[] = [];
  #failure: unknown;
  #hasFailed = false;
  #isSettled = false;
  #wake: () => void = () => undefined;

  /** Whether reading has ended with an error. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Whether an answer has come, or none ever will. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /**
   * Takes the events until they end. A stream that may not be read, or cannot where a server does not know
   * the command, is one without events: `onRefused` is told why.
   */
  async follow(
    pages: AsyncIterable<QueueEvent[]>,
    onRefused: (error: Error) => void,
  ): Promise<void> {
    try {
      for await (const page of pages) {
        this.#isSettled = true;
        if (page.length === 0) continue;
        this.#events.push(...page);
        this.#wake();
      }
    } catch (error) {
      if (isRefusedForGood(error)) {
        this.#isSettled = true;
        onRefused(error);
        return;
      }
      this.#failure = error;
      this.#hasFailed = true;
      this.#wake();
    }
  }

  /**
   * Resolves at the first event, or after so long without any. Rejects with what ended the stream,
   * or with the reason of the signal.
   */
  async next(waitMs: number, signal: AbortSignal): Promise<QueueEvent[]> {
    if (this.#events.length === 0 && !this.#hasFailed) await this.#sleep(waitMs, signal);
    signal.throwIfAborted();
    if (this.#hasFailed) throw this.#failure;
    if (this.#events.length > 0) await this.#pause(SETTLE_MS, signal);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { setTimeout: delay } = await import('node:timers/promises');
    await delay(ms, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}

/** Other refusals pass: LOADING, MASTERDOWN, BUSY. */
function isRefusedForGood(error: unknown): error is Error {
  if (isMangamotionError(error, 'access_denied') || isMangamotionError(error, 'damaged'))
    return true;
  return (
    isMangamotionError(error, 'unreachable') &&
    isRefusedByServer(error) &&
    /^ERR\b/.test(messageOf(error.cause))
  );
}
