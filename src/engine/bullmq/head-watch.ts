import { stopwatch } from '../../stopwatch.js';

const SILENT_HEAD = 'Redis no longer tells whether the head is alive';
export const HEADLESS = 'the head of this share is gone, and nobody waits for it';

interface WatchTimes {
  progressEveryMs: number;
  /** How long the work goes on while Redis does not tell. */
  headMs: number;
}

/**
 * Ends work that is for its head alone, even if the process doing it hangs. `hasHead` asks Redis; `lose` ends the
 * work. The caller clears the interval.
 */
export function watchHead(
  hasHead: () => Promise<boolean>,
  lose: (why: string) => void,
  { progressEveryMs, headMs }: WatchTimes,
): NodeJS.Timeout {
  const elapsedMs = stopwatch();
  let seenMs = 0;
  let isAsking = false;
  const ask = async (): Promise<void> => {
    const askedMs = elapsedMs();
    if (await hasHead()) seenMs = askedMs;
    else lose(HEADLESS);
  };
  return setInterval(() => {
    if (elapsedMs() - seenMs > headMs) lose(SILENT_HEAD);
    // While Redis is away, the request stays pending.
    if (isAsking) return;
    isAsking = true;
    void ask()
      .catch(() => undefined)
      .finally(() => (isAsking = false));
  }, progressEveryMs);
}
