import { lstat, mkdir } from 'node:fs/promises';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { acquireLock } from '../../lock/acquire.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import { describeOwner } from '../../lock/owner.js';
import type { DaemonLog } from '../log.js';
import { failureLog } from '../log.js';
import { appendHistory } from './history.js';
import { migrateState } from './migration.js';
import { openOwnFolder, ownFolderOf } from './own-folder.js';
import type { RunRecord } from './record.js';
import type { ScheduleState } from './state.js';
import { writeState } from './state.js';

interface LockParts {
  log: DaemonLog;
  signal: AbortSignal;
  /** Takes the lock, each time anew. For tests. */
  take?: () => Promise<DestinationLock>;
}

/**
 * The locked state folder of a daemon, or of a single run where there is no daemon. The state is in a
 * subfolder of our own; what an earlier version left beside it is moved there. The lock is taken again when it was lost (the machine slept, or the disk is full). The schedule goes on meanwhile, since
 * backups may go to another disk.
 */
export class StateFolder {
  readonly #path: string;
  readonly #take: () => Promise<DestinationLock>;
  readonly #log: DaemonLog;
  readonly #logLoss: (error: unknown) => void;
  #lock: DestinationLock;

  private constructor(
    stateFolder: string,
    lock: DestinationLock,
    { take, log }: Required<Pick<LockParts, 'take' | 'log'>>,
  ) {
    this.#path = ownFolderOf(stateFolder);
    this.#lock = lock;
    this.#take = take;
    this.#log = log;
    this.#logLoss = failureLog(log, 'the lock of the state folder is lost: runs go on without');
  }

  /**
   * Locks a state folder, and creates it where it does not exist. `command` names the holder for
   * others. Rejects with `locked` where another process holds the lock.
   */
  static async lock(
    path: string,
    command: string,
    { log, signal, take = () => takeLocks(path, { command, log, signal }) }: LockParts,
  ): Promise<StateFolder> {
    return new StateFolder(path, await take(), { take, log });
  }

  /** Takes the lock again where it was lost. Rejects with `locked` where another process has it now. */
  async keepLock(): Promise<void> {
    if (!this.#lock.signal.aborted) return;
    await this.#lock.release();
    try {
      this.#lock = await this.#take();
      this.#log.warn({}, 'the lock of the state folder was lost and acquired again');
    } catch (error) {
      if (isMangamotionError(error, 'locked')) throw error;
      this.#logLoss(error);
    }
  }

  /** Readers see the old state or the new one, also after a crash. */
  async save(state: ScheduleState): Promise<void> {
    await writeState(this.#path, state);
  }

  /** Adds records to the history. */
  async append(records: readonly RunRecord[]): Promise<void> {
    await appendHistory(this.#path, records);
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }
}

interface LockRequest {
  command: string;
  log: DaemonLog;
  signal: AbortSignal;
}

/**
 * Locks the state folder, where an earlier version would begin, and the subfolder that has the state. Both
 * stay locked: an earlier version that started beside us would run everything a second time.
 */
async function takeLocks(folder: string, request: LockRequest): Promise<DestinationLock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw translateFileError(error, 'make', folder);
  }
  const held: DestinationLock[] = [];
  try {
    const outer = await takeOuterLock(folder, request);
    if (outer !== undefined) held.push(outer);
    const own = await openOwnFolder(folder, request.log);
    held.push(await takeLock(own, request));
    await migrateState({ from: folder, to: own, now: new Date(), log: request.log });
    return together(held);
  } catch (error) {
    await releaseAll(held);
    throw error;
  }
}

/** `undefined` for a folder in which we may write nothing, so that no version of ours can run there. */
async function takeOuterLock(
  folder: string,
  request: LockRequest,
): Promise<DestinationLock | undefined> {
  try {
    return await takeLock(folder, request);
  } catch (error) {
    const errno = error instanceof MangamotionError ? errnoOf(error.cause) : undefined;
    const isClosed = errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS';
    const hasOwn = isClosed && (await lstat(ownFolderOf(folder)).catch(() => undefined));
    if (!hasOwn) throw error;
    return undefined;
  }
}

async function takeLock(
  folder: string,
  { command, signal }: LockRequest,
): Promise<DestinationLock> {
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

/** Several locks as one, which is lost with the first of them. */
function together(locks: readonly DestinationLock[]): DestinationLock {
  return {
    signal: AbortSignal.any(locks.map(({ signal }) => signal)),
    takenOver: locks.some(({ takenOver }) => takenOver),
    check: async () => {
      for (const lock of locks) await lock.check();
    },
    release: () => releaseAll(locks),
  };
}

async function releaseAll(locks: readonly DestinationLock[]): Promise<void> {
  for (const lock of locks.toReversed()) await lock.release();
}
