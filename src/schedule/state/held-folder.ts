import { isMangamotionError, messageOf } from '../../errors.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import type { DaemonLog } from '../log.js';

const TELL_EVERY_MS = 60_000;

/**
 * The state folder in the hands of this daemon. A lock that was lost (the machine slept, or the disk
 * is full) is taken again as soon as that can be; meanwhile the schedule goes on, since backups may go
 * to another disk.
 */
export class HeldFolder {
  readonly #take: () => Promise<DestinationLock>;
  readonly #log: DaemonLog;
  #lock: DestinationLock;
  #toldAtMs = -Infinity;

  private constructor(take: () => Promise<DestinationLock>, log: DaemonLog, lock: DestinationLock) {
    this.#take = take;
    this.#log = log;
    this.#lock = lock;
  }

  /** `take` takes the lock, each time anew. Rejects as it does. */
  static async take(take: () => Promise<DestinationLock>, log: DaemonLog): Promise<HeldFolder> {
    return new HeldFolder(take, log, await take());
  }

  /** Takes it again where it was lost. Rejects with `locked` where another daemon has it now. */
  async keep(): Promise<void> {
    if (!this.#lock.signal.aborted) return;
    await this.#lock.release();
    try {
      this.#lock = await this.#take();
      this.#log.warn({}, 'the lock of the state folder was lost, and taken again');
    } catch (error) {
      if (isMangamotionError(error, 'locked')) throw error;
      this.#tell(messageOf(error));
    }
  }

  async release(): Promise<void> {
    await this.#lock.release();
  }

  #tell(reason: string): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    this.#log.error({ reason }, 'the lock of the state folder is lost: runs go on without');
  }
}
