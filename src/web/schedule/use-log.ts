import { useEffect, useState } from 'preact/hooks';
import { ApiFailure, getText } from '../data/api.js';
import { endSession } from '../data/session.js';

type Known = { text: string; isCut: boolean } | { failure: string } | undefined;

/** The log of a run that is under way is read again so often. */
export const RUNNING_EVERY_SECONDS = 3;

/** Reads the end of a log: once, or again and again while its run is under way, and once more at its end. */
export function useLog(id: string, isRunning: boolean): Known {
  const [known, setKnown] = useState<{ id: string; log: Known }>({ id, log: undefined });
  useEffect(() => {
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      if (!isRunning || document.visibilityState === 'visible') {
        const log = await readLog(id, ended.signal);
        if (ended.signal.aborted) return;
        setKnown((before) => (isKept(before, { id, log }) ? before : { id, log }));
      }
      if (isRunning) timer = setTimeout(() => void read(), RUNNING_EVERY_SECONDS * 1000);
    };
    void read();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [id, isRunning]);
  return known.id === id ? known.log : undefined;
}

interface KnownOf {
  id: string;
  log: Known;
}

/** Whether what is shown stays: it is the same, or a later read has failed. */
function isKept(before: KnownOf, { id, log }: KnownOf): boolean {
  if (before.id !== id || before.log === undefined || 'failure' in before.log) return false;
  return log === undefined || 'failure' in log || log.text === before.log.text;
}

async function readLog(id: string, signal: AbortSignal): Promise<Known> {
  try {
    const path = `/api/schedule/runs/${encodeURIComponent(id)}/log`;
    const { text, headers } = await getText(path, { signal });
    return { text, isCut: headers.get('x-log-cut') === 'true' };
  } catch (error) {
    if (signal.aborted) return undefined;
    if (error instanceof ApiFailure && error.reason === 401) endSession();
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}
