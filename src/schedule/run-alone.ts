import type { RunRecord } from './state/record.js';
import { enginePlaces } from './daemon.js';
import type { EngineParts } from './engine/engine-parts.js';
import { Engine } from './engine/engine.js';
import { openState } from './engine/open-state.js';
import type { ScheduledEntry } from './crontab/entry.js';
import { lockStateFolder } from './state/state-lock.js';

interface Alone extends Pick<EngineParts, 'now' | 'log' | 'begin'> {
  folder: string;
  entry: ScheduledEntry;
  entries: readonly ScheduledEntry[];
  id: string;
  signal: AbortSignal;
}

/**
 * One run of an entry where there is no daemon, as one would make it. Rejects with `locked` where
 * there is one.
 */
export async function runAlone(parts: Alone): Promise<RunRecord> {
  const { folder, entry, entries, id, now, signal, log } = parts;
  const lock = await lockStateFolder(folder, 'schedule run', signal);
  try {
    const left = await openState(folder, entries, { now: now(), log });
    const engine = new Engine({
      ...{ now, log, random: () => 0, claim: undefined, atOnce: 1 },
      ...enginePlaces(parts),
      onStarted: () => undefined,
      onRecord: () => undefined,
    });
    engine.borrow(entries, left);
    const running = engine.runNow(entry, id);
    const end = () => void engine.stop(0);
    signal.addEventListener('abort', end, { once: true });
    const record = await running;
    signal.removeEventListener('abort', end);
    await engine.idle();
    signal.throwIfAborted();
    return record;
  } finally {
    await lock.release();
  }
}
