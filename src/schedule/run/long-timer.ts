/** A longer time overflows in Node, which then calls at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** Like `setTimeout`, but works for weeks too. Returns a function that cancels it. */
export function startLongTimer(onEnd: () => void, ms: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, LONGEST_MS);
    timer = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : onEnd()), pieceMs);
  };
  arm(ms);
  return () => clearTimeout(timer);
}
