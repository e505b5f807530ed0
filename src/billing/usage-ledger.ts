import type { Usage } from './usage.js';
import { NO_USAGE, addUsage } from './usage.js';

const COLUMNS = 6;
const FIRST_ROWS = 1024;

/**
 * The sums of very many users in little memory: a row of 64-bit integers each. What does not fit,
 * which nobody has counted but anybody can write, is kept beside them.
 */
export class UsageLedger {
  #cells = new BigInt64Array(FIRST_ROWS * COLUMNS);
  readonly #large = new Map<number, Usage>();

  /** Row numbers begin at 0 and have no gaps. */
  add(row: number, usage: Usage): void {
    const sum = addUsage(this.get(row), usage);
    const cells = cellsOf(sum);
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
    const cell = (column: number) => this.#cells[at + column] ?? 0n;
    return {
      bytes: cell(0),
      microseconds: cell(1),
      jobs: cell(2),
      completed: cell(3),
      failed: cell(4),
      skipped: cell(5),
    };
  }

  #growTo(rows: number): void {
    if (rows * COLUMNS <= this.#cells.length) return;
    const larger = new BigInt64Array(Math.max(rows * COLUMNS, this.#cells.length * 2));
    larger.set(this.#cells);
    this.#cells = larger;
  }
}

/** Returns the counters in the order in which `get` reads them. */
function cellsOf(usage: Usage): bigint[] {
  const { bytes, microseconds, jobs, completed, failed, skipped } = usage;
  return [bytes, microseconds, jobs, completed, failed, skipped];
}
