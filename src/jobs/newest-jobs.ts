import type { JobRow } from './row.js';

/** What rows are sorted by. */
type Sorted = Pick<JobRow, 'id' | 'sortTimeMs'>;

/** Sorts the newest first, those without any time last, and then the higher id first. */
export function newestFirst(a: Sorted, b: Sorted): number {
  return (b.sortTimeMs ?? -Infinity) - (a.sortTimeMs ?? -Infinity) || higherIdFirst(a.id, b.id);
}

const INTEGER = /^\d{1,15}$/;

function higherIdFirst(a: string, b: string): number {
  if (INTEGER.test(a) && INTEGER.test(b)) {
    const difference = Number(b) - Number(a);
    if (difference !== 0) return difference;
  }
  return a < b ? 1 : a > b ? -1 : 0;
}

/** Collects the newest of any number of rows. Keeps up to twice as many as it returns. */
export class NewestJobs<Row extends Sorted> {
  readonly #most: number;
  #rows: Row[] = [];
  /** An older row is not among the newest. */
  #oldest: Row | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  add(row: Row): void {
    if (this.#oldest !== undefined && newestFirst(row, this.#oldest) > 0) return;
    this.#rows.push(row);
    if (this.#rows.length < 2 * this.#most) return;
    this.#rows = this.sorted();
    this.#oldest = this.#rows.at(-1);
  }

  sorted(): Row[] {
    return this.#rows.sort(newestFirst).slice(0, this.#most);
  }
}
