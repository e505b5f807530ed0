import type { ScheduledEntry } from '../crontab/entry.js';
import type { RunRecord } from '../state/record.js';
import type { EntryTable } from './entry-table.js';
import type { Ledger } from './ledger.js';
import type { RunNotifier } from './parts.js';

/** Passes each record on to all who need it: the entry, the disk, the notifier, and who waits for it. */
export class Records {
  readonly #entries: EntryTable;
  readonly #ledger: Ledger;
  readonly #notifier: RunNotifier | undefined;
  readonly #awaited = new Map<string, (record: RunRecord) => void>();

  constructor(entries: EntryTable, ledger: Ledger, notifier: RunNotifier | undefined) {
    this.#entries = entries;
    this.#ledger = ledger;
    this.#notifier = notifier;
  }

  /** `entry` is `undefined` where it is not in the schedule. */
  add(record: RunRecord, entry: ScheduledEntry | undefined): void {
    this.#entries.recorded(record);
    this.#ledger.add(record);
    this.#notifier?.recorded(record, entry, this.#entries.stateOf(record.name));
    this.#awaited.get(record.id)?.(record);
    this.#awaited.delete(record.id);
  }

  /** Resolves to the record of this firing as soon as it is added. */
  async next(id: string): Promise<RunRecord> {
    return await new Promise<RunRecord>((resolve) => this.#awaited.set(id, resolve));
  }
}
