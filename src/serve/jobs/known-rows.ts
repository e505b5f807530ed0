import type { JobRow } from '../../jobs/row.js';

const MOST_KNOWN = 5000;

/** The rows that were read last, to tell what a change is a change of. */
export class KnownRows {
  readonly #rows = new Map<string, JobRow>();

  get(id: string): JobRow | undefined {
    return this.#rows.get(id);
  }

  clear(): void {
    this.#rows.clear();
  }

  /** Returns the ids of the jobs that are no longer known: this one if it is gone, or the oldest. */
  remember(id: string, row: JobRow | undefined): string[] {
    this.#rows.delete(id);
    if (row === undefined) return [id];
    this.#rows.set(id, row);
    const [oldest] = this.#rows.keys();
    if (this.#rows.size <= MOST_KNOWN || oldest === undefined) return [];
    this.#rows.delete(oldest);
    return [oldest];
  }
}
