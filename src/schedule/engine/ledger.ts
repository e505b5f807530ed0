import type { DaemonLog } from '../log.js';
import { failureLog } from '../log.js';
import type { RunRecord } from '../state/record.js';
import type { ScheduleState } from '../state/state.js';

/** Keeps the state and the history on the disk. */
export interface LedgerStore {
  save(state: ScheduleState): Promise<void>;
  append(records: readonly RunRecord[]): Promise<void>;
}

/**
 * Writes the state and the history to the disk, one write after the other; many changes at once are
 * one write. A record is in the state before it is in the history, and leaves it after: a crash in
 * between loses none, and by its id none is written twice.
 */
export class Ledger {
  readonly #store: LedgerStore;
  readonly #stateWith: (outbox: RunRecord[]) => ScheduleState;
  readonly #logFailure: (error: unknown) => void;
  #outbox: RunRecord[] = [];
  #isDirty = false;
  #writing: Promise<boolean> | undefined;

  constructor(
    store: LedgerStore,
    log: DaemonLog,
    stateWith: (outbox: RunRecord[]) => ScheduleState,
  ) {
    this.#store = store;
    this.#stateWith = stateWith;
    const message = 'the state cannot be written; runs go on, and the write will be retried';
    this.#logFailure = failureLog(log, message);
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
      await this.#store.save(this.#stateWith(records));
      if (records.length > 0) await this.#store.append(records);
      this.#outbox = this.#outbox.slice(records.length);
      return true;
    } catch (error) {
      this.#isDirty = true;
      this.#logFailure(error);
      return false;
    } finally {
      this.#writing = undefined;
    }
  }
}
