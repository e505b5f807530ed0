import type { Usage } from './usage.js';
import { COUNTERS, NO_USAGE, addUsage, usageOf } from './usage.js';

const COLUMNS = COUNTERS.length;
const FIRST_ROWS = 1024;

/**
 * Keeps the sums of very many users in little memory: each has a row of 64-bit integers. A sum that does
 * not fit, which no tracker has counted but anybody can write into Redis, is kept beside the rows.
 */
export class UsageLedger {
  #cells = new BigInt64Array(FIRST_ROWS * COLUMNS);
  readonly #large = new Map<number, Usage>();

  /** Row numbers begin at 0 and have no gaps. */
  add(row: number, usage: Usage): void {
    const sum = addUsage(this.get(row), usage);
    const cells = COUNTERS.map((counter) => sum[counter]);
    if (this.#large.has(row) || !cells.every((cell) => BigInt.asIntN(64, cell) === cell)) {
      this.#large.set(row, sum);
      return;
    }
    this.#growTo(row + 1);
    this.#cells.set(cells, row * COLUMNS);
  }

  get(row: number): Usage {
    const large = this.#large.get(row);
    if (large !== undefined) return large;
    const at = row * COLUMNS;
    if (at >= this.#cells.length) return NO_USAGE;
    return usageOf((counter) => this.#cells[at + COUNTERS.indexOf(counter)] ?? 0n);
  }

  #growTo(rows: number): void {
    if (rows * COLUMNS <= this.#cells.length) return;
    const larger = new BigInt64Array(Math.max(rows * COLUMNS, this.#cells.length * 2));
    larger.set(this.#cells);
    this.#cells = larger;
  }
}
