export interface PrefetchLimits {
  /** Pieces that are being fetched at once. */
  maxRequests: number;
  /** What all pieces that are fetched, or being fetched, may weigh together. */
  maxBytes: number;
}

/**
 * Fetches pieces ahead of their reader and hands them over in their order. A piece counts as a
 * request until it is there, and by its weight until the reader asks for the next one. A piece that
 * is heavier than the limit is fetched alone.
 *
 * `fetch` of a piece that fails rejects the reader's turn for it; pieces behind it are then given up.
 */
export async function* prefetchInOrder<T, R>(
  pages: AsyncIterable<readonly T[]>,
  limits: PrefetchLimits,
  weigh: (item: T) => number,
  fetch: (item: T) => Promise<R>,
): AsyncGenerator<{ item: T; result: R }> {
  const pending: { item: T; result: Promise<R>; weight: number }[] = [];
  const changed = new Condition();
  let requests = 0;
  let heldBytes = 0;
  let stopped = false;
  let end: { error?: unknown } | undefined;

  const hasRoom = (weight: number) =>
    requests < limits.maxRequests && (heldBytes === 0 || heldBytes + weight <= limits.maxBytes);

  const begin = (item: T, weight: number) => {
    requests += 1;
    heldBytes += weight;
    const result = fetch(item).finally(() => {
      requests -= 1;
      changed.notify();
    });
    // A failure is seen when its turn comes; until then it must not count as unhandled.
    result.catch(() => undefined);
    pending.push({ item, result, weight });
    changed.notify();
  };

  const produce = async () => {
    for await (const page of pages) {
      for (const item of page) {
        const weight = weigh(item);
        while (!stopped && !hasRoom(weight)) await changed.next();
        if (stopped) return;
        begin(item, weight);
      }
    }
  };
  const producing = produce()
    .then(() => ({}))
    .catch((error: unknown) => ({ error }))
    .then((how) => {
      end = how;
      changed.notify();
    });

  try {
    for (;;) {
      const piece = pending.shift();
      if (piece !== undefined) {
        yield { item: piece.item, result: await piece.result };
        heldBytes -= piece.weight;
        changed.notify();
      } else if (end !== undefined) {
        if ('error' in end) throw end.error;
        return;
      } else {
        await changed.next();
      }
    }
  } finally {
    stopped = true;
    changed.notify();
    await producing;
  }
}

/** Lets several wait for a change of state that they share. */
class Condition {
  #waiting: (() => void)[] = [];

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  notify(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
