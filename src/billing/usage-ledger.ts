import type { Usage } from './usage.js';
import { COUNTERS, NO_USAGE, addUsage } from './usage.js';

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
    if (this.#large.has(row) || !fitsCells(sum)) {
      this.#large.set(row, sum);
      return;
    }
    this.#growTo(row + 1);
    const cells = this.#cells;
    let at = row * COLUMNS;
    cells[at++] = sum.bytes;
    cells[at++] = sum.microseconds;
    cells[at++] = sum.jobs;
    cells[at++] = sum.completed;
    cells[at++] = sum.failed;
    cells[at] = sum.skipped;
  }

  get(row: number): Usage {
    const large = this.#large.get(row);
    if (large !== undefined) return large;
    const at = row * COLUMNS;
    if (at >= this.#cells.length) return NO_USAGE;
    const cells = this.#cells;
    return {
      bytes: cells[at] ?? 0n,
      microseconds: cells[at + 1] ?? 0n,
      jobs: cells[at + 2] ?? 0n,
      completed: cells[at + 3] ?? 0n,
      failed: cells[at + 4] ?? 0n,
      skipped: cells[at + 5] ?? 0n,
    };
  }

  #growTo(rows: number): void {
    if (rows * COLUMNS <= this.#cells.length) return;
    const larger = new BigInt64Array(Math.max(rows * COLUMNS, this.#cells.length * 2));
    larger.set(this.#cells);
    this.#cells = larger;
  }
}

function fitsCells({ bytes, microseconds, jobs, completed, failed, skipped }: Usage): boolean {
  return (
    fits(bytes) &&
    fits(microseconds) &&
    fits(jobs) &&
    fits(completed) &&
    fits(failed) &&
    fits(skipped)
  );
}

function fits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
