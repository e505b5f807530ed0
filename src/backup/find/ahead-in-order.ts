/** Work on an item that is done when its turn comes, or before. */
export interface Turn {
  /** Resolves when every item before this one has been handed over. */
  readonly come: Promise<void>;
  /** Aborted when nobody waits for the results any more. */
  readonly signal: AbortSignal;
}

/**
 * Works on several items at once, and hands their results over in the order of the items. A failure is
 * thrown in the turn of its item; what is behind it is then given up, and has ended when this ends.
 */
export async function* aheadInOrder<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, turn: Turn) => Promise<R>,
): AsyncGenerator<{ item: T; result: R }> {
  const pending: { item: T; start: () => void; result: Promise<R> }[] = [];
  const stop = new AbortController();
  let next = 0;
  const fill = (): void => {
    for (const item of items.slice(next, next + atOnce - pending.length)) {
      next += 1;
      let start = (): void => undefined;
      const come = new Promise<void>((resolve) => (start = resolve));
      const result = work(item, { come, signal: stop.signal });
      // A failure is seen when its turn comes; until then it must not count as unhandled.
      result.catch(() => undefined);
      pending.push({ item, start, result });
    }
  };
  try {
    for (;;) {
      fill();
      const [first] = pending;
      if (first === undefined) return;
      first.start();
      const result = await first.result;
      pending.shift();
      yield { item: first.item, result };
    }
  } finally {
    stop.abort(new Error('nobody waits for it'));
    for (const { start } of pending) start();
    await Promise.allSettled(pending.map(({ result }) => result));
  }
}
