/**
 * Does work now, and again so many ms after it was done each time, until the function that it returns is
 * called. `work` must not reject.
 *
 * Nothing wakes the process in between, and the timer of Node.js goes by a clock that nobody sets. node-cron
 * would do neither; see `Ticker` in src/schedule/timers.ts. No other chore is needed: what depends on the
 * day or the month is computed for each request, and the log is written to stdout, where nothing is rotated.
 */
export function startChore(work: () => Promise<void>, pauseMs: number): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const run = async (): Promise<void> => {
    await work();
    if (!isStopped) timer = setTimeout(() => void run(), pauseMs);
  };
  void run();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
