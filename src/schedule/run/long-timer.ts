/** What is longer overflows in Node, which then calls at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** `setTimeout` for times of weeks too. Returns what ends it. */
export function startLongTimer(onEnd: () => void, ms: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  const arm = (leftMs: number): void => {
    const pieceMs = Math.min(leftMs, LONGEST_MS);
    timer = setTimeout(() => (leftMs > pieceMs ? arm(leftMs - pieceMs) : onEnd()), pieceMs);
  };
  arm(ms);
  return () => clearTimeout(timer);
}
