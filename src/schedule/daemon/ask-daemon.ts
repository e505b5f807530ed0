import { setTimeout as delay } from 'node:timers/promises';
import { MangamotionError } from '../../errors.js';
import { readHistory } from '../state/history.js';
import type { RunRecord } from '../state/record.js';
import { askForRun, isTaken, withdraw } from './requests.js';

interface Asking {
  folder: string;
  /** Of the entry. */
  name: string;
  id: string;
  signal: AbortSignal;
}

const LOOK_EVERY_MS = 500;
const TAKEN_WITHIN_MS = 30_000;

/**
 * Asks the daemon of a state folder for a run, and waits for its end: a daemon that ends meanwhile
 * records it too. Rejects with `unreachable` where no daemon takes it.
 */
export async function askDaemon({ folder, name, id, signal }: Asking): Promise<RunRecord> {
  await askForRun(folder, { id, name });
  const begunAtMs = performance.now();
  while (!(await isTaken(folder, id))) {
    const isOver = signal.aborted || performance.now() - begunAtMs > TAKEN_WITHIN_MS;
    if (isOver && (await withdraw(folder, id))) {
      signal.throwIfAborted();
      throw new MangamotionError('unreachable', 'the daemon does not take the run', {
        hint: 'look at its log: it may be ending, or stopped',
      });
    }
    await delay(LOOK_EVERY_MS);
  }
  for (;;) {
    signal.throwIfAborted();
    const { records } = await readHistory(folder);
    const record = records.find((one) => one.id === id);
    if (record !== undefined) return record;
    await delay(LOOK_EVERY_MS);
  }
}
