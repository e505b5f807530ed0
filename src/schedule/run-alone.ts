import path from 'node:path';
import type { ScheduledEntry } from './crontab/entry.js';
import { Engine } from './engine/engine.js';
import { openState } from './engine/recovery.js';
import type { ChildParts } from './run/child.js';
import { startChild } from './run/child.js';
import type { RunRecord } from './state/record.js';
import { ownFolderOf } from './state/own-folder.js';
import { StateFolder } from './state/state-folder.js';

interface SingleRun extends ChildParts {
  /** The absolute path of the state folder. */
  folder: string;
  entry: ScheduledEntry;
  entries: readonly ScheduledEntry[];
  id: string;
  now: () => Date;
  signal: AbortSignal;
}

/** Runs an entry once, as the daemon does. Rejects with `locked` where there is a daemon. */
export async function runAlone(parts: SingleRun): Promise<RunRecord> {
  const { folder, entry, entries, id, now, signal, log } = parts;
  const state = await StateFolder.lock(folder, 'schedule run', { log, signal });
  try {
    const saved = await openState(ownFolderOf(folder), entries, { now: now(), log });
    const engine = new Engine({
      ...{ now, random: () => 0, atOnce: 1, log, store: state },
      startRun: (one, logFile) => startChild(one, path.join(folder, logFile), parts),
      ...{ lease: undefined, notifier: undefined },
    });
    engine.borrow(entries, saved);
    const running = engine.runNow(entry, id);
    const end = () => void engine.stop(0);
    signal.addEventListener('abort', end, { once: true });
    const record = await running;
    signal.removeEventListener('abort', end);
    await engine.idle();
    signal.throwIfAborted();
    return record;
  } finally {
    await state.release();
  }
}
