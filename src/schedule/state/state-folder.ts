import { mkdir } from 'node:fs/promises';
import { MangamotionError, isMangamotionError, messageOf } from '../../errors.js';
import { translateFileError } from '../../files/errors.js';
import { acquireLock } from '../../lock/acquire.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import { describeOwner } from '../../lock/owner.js';
import type { DaemonLog } from '../log.js';
import { appendHistory } from './history.js';
import type { RunRecord } from './record.js';
import type { ScheduleState } from './state.js';
import { writeState } from './state-file.js';

/** The locked state folder of a daemon, or of a single run where there is no daemon. */
export class StateFolder {
  readonly path: string;
  readonly #lock: RenewedLock;

  private constructor(path: string, lock: RenewedLock) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Locks a state folder, and creates it where it does not exist. `command` names the holder for
   * others. Rejects with `locked` where another process holds the lock.
   */
  static async lock(
    path: string,
    command: string,
    { log, signal }: { log: DaemonLog; signal: AbortSignal },
  ): Promise<StateFolder> {
    const take = () => takeLock(path, command, signal);
    return new StateFolder(path, await RenewedLock.take(take, log));
  }

  /** Takes the lock again where it was lost. Rejects with `locked` where another daemon has it now. */
  async keepLock(): Promise<void> {
    await this.#lock.keep();
  }

  /** Readers see the old state or the new one, also after a crash. */
  async save(state: ScheduleState): Promise<void> {
    await writeState(this.path, state);
  }

  /** Adds records to the history. */
  async append(records: readonly RunRecord[]): Promise<void> {
    await appendHistory(this.path, records);
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }
}

const LOG_EVERY_MS = 60_000;

/**
 * A lock that is taken again when it was lost (the machine slept, or the disk is full). The schedule
 * goes on meanwhile, since backups may go to another disk.
 */
export class RenewedLock {
  readonly #take: () => Promise<DestinationLock>;
  readonly #log: DaemonLog;
  #lock: DestinationLock;
  #loggedAtMs = -Infinity;

  private constructor(take: () => Promise<DestinationLock>, log: DaemonLog, lock: DestinationLock) {
    this.#take = take;
    this.#log = log;
    this.#lock = lock;
  }

  /** `take` takes the lock, each time anew. Rejects as it does. */
  static async take(take: () => Promise<DestinationLock>, log: DaemonLog): Promise<RenewedLock> {
    return new RenewedLock(take, log, await take());
  }

  /** Takes the lock again where it was lost. Rejects with `locked` where another process has it now. */
  async keep(): Promise<void> {
    if (!this.#lock.signal.aborted) return;
    await this.#lock.release();
    try {
      this.#lock = await this.#take();
      this.#log.warn({}, 'the lock of the state folder was lost and acquired again');
    } catch (error) {
      if (isMangamotionError(error, 'locked')) throw error;
      this.#logLoss(messageOf(error));
    }
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }

  #logLoss(reason: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs < LOG_EVERY_MS) return;
    this.#loggedAtMs = nowMs;
    this.#log.error({ reason }, 'the lock of the state folder is lost: runs go on without');
  }
}

async function takeLock(
  folder: string,
  command: string,
  signal: AbortSignal,
): Promise<DestinationLock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw translateFileError(error, 'make', folder);
  }
  try {
    const owner = await describeOwner(command);
    return await acquireLock(new FolderClaims(folder), { owner, waitMs: 0, signal });
  } catch (cause) {
    if (!isMangamotionError(cause, 'locked')) throw cause;
    throw new MangamotionError('locked', cause.message, {
      hint: 'only one daemon can use a state folder: stop the other one, or choose another folder with --state-dir',
      cause,
    });
  }
}
