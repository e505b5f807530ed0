import { messageOf } from '../../errors.js';
import type { RunRecord } from '../state/record.js';
import type { ScheduleState } from '../state/state.js';
import type { DaemonLog } from '../log.js';

/** Keeps the state and the history on the disk. */
export interface LedgerStore {
  save(state: ScheduleState): Promise<void>;
  append(records: readonly RunRecord[]): Promise<void>;
}

const LOG_EVERY_MS = 60_000;

/**
 * Writes the state and the history to the disk, one write after the other; many changes at once are
 * one write. A record is in the state before it is in the history, and leaves it after: a crash in
 * between loses none, and by its id none is written twice.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #log: DaemonLog;
  readonly #stateOf: (outbox: readonly RunRecord[]) => ScheduleState;
  #outbox: RunRecord[] = [];
  #isDirty = false;
  #writing: Promise<boolean> | undefined;
  #loggedAtMs = -Infinity;

  constructor(
    store: LedgerStore,
    log: DaemonLog,
    stateOf: (outbox: readonly RunRecord[]) => ScheduleState,
  ) {
    this.#store = store;
    this.#log = log;
    this.#stateOf = stateOf;
  }

  add(record: RunRecord): void {
    this.#outbox.push(record);
    this.#isDirty = true;
  }

  /** Whether changes are not on the disk yet. */
  get isBehind(): boolean {
    return this.#isDirty;
  }

  changed(): void {
    this.#isDirty = true;
  }

  /**
   * Resolves when all changes up to now are on the disk, or the write has failed. Backups go on after a
   * failure, since they may use another disk. The next flush writes the changes again.
   */
  async flush(): Promise<void> {
    // A write that is under way may have begun before the last change.
    while (this.#isDirty || this.#writing !== undefined) {
      this.#writing ??= this.#write();
      if (!(await this.#writing)) return;
    }
  }

  /** Resolves to whether the write succeeded. */
  async #write(): Promise<boolean> {
    this.#isDirty = false;
    const records = [...this.#outbox];
    try {
      await this.#store.save(this.#stateOf(records));
      if (records.length > 0) await this.#store.append(records);
      this.#outbox = this.#outbox.slice(records.length);
      return true;
    } catch (error) {
      return this.#failed(error);
    } finally {
      this.#writing = undefined;
    }
  }

  #failed(error: unknown): false {
    this.#isDirty = true;
    const nowMs = performance.now();
    if (nowMs - this.#loggedAtMs >= LOG_EVERY_MS) {
      this.#loggedAtMs = nowMs;
      this.#log.error(
        { reason: messageOf(error) },
        'the state cannot be written; runs go on, and the write will be retried',
      );
    }
    return false;
  }
}
