import { MangamotionError } from '../errors.js';

/**
 * Does work on the object store with a signal that is aborted with the request's, or after a while: a
 * store that takes connections and is silent must not hold requests. Rejects with `unreachable` then.
 */
export async function withStoreDeadline<T>(
  signal: AbortSignal,
  waitMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return await withDeadline(signal, { waitMs, late: () => noAnswer(waitMs) }, work);
}

interface Deadline {
  waitMs: number;
  /** Returns the reason with which the signal is aborted when the time is over. */
  late: () => Error;
}

/** Does work with a signal that is aborted with the request's, or when the time is over. */
export async function withDeadline<T>(
  signal: AbortSignal,
  { waitMs, late }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = (): void => controller.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener('abort', follow, { once: true });
  const timer = setTimeout(() => controller.abort(late()), waitMs);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
  }
}

function noAnswer(waitMs: number): MangamotionError {
  return new MangamotionError('unreachable', `no answer from the object store in ${waitMs} ms`, {
    request: { operation: '', status: null, code: 'ETIMEDOUT' },
  });
}
