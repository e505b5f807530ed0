import type { Usage } from './usage.js';
import { COUNTERS, NO_USAGE, addUsage, shortCounter, usageOf } from './usage.js';

const COLUMNS = COUNTERS.length;
const FIRST_ROWS = 1024;

/**
 * Keeps the sums of very many users in little memory: each has a row of doubles, which hold integers up to
 * 2^53 exactly. A larger sum, which no tracker has counted but anybody can write into Redis, is kept beside
 * the rows.
 */
export class UsageLedger {
  #cells = new Float64Array(FIRST_ROWS * COLUMNS);
  readonly #large = new Map<number, Usage>();
  #rows = 0;

  /** Row numbers begin at 0 and have no gaps. */
  add(row: number, usage: Usage): void {
    const sum = addUsage(this.get(row), usage);
    this.#growTo(row + 1);
    const isLarge = COUNTERS.some((counter) => !fits(sum[counter]));
    if (isLarge || this.#large.has(row)) this.#large.set(row, sum);
    for (const [column, counter] of COUNTERS.entries()) {
      this.#cells[row * COLUMNS + column] = isLarge ? 0 : Number(sum[counter]);
    }
    if (!isLarge) this.#large.delete(row);
  }

  /**
   * Adds counters as Redis has them, in the order of USAGE_FIELDS. Returns false, and adds nothing, where
   * they are not short numbers without a sign: `readUsage` reads them all.
   */
  addShort(row: number, values: readonly (string | null)[]): boolean {
    if (this.#large.has(row)) return false;
    this.#growTo(row + 1);
    const cells = this.#cells;
    const from = row * COLUMNS;
    for (let column = 0; column < COLUMNS; column++) {
      const value = shortCounter(values, column);
      if (value < 0 || !Number.isSafeInteger(value + (cells[from + column] ?? 0))) return false;
      sums[column] = value;
    }
    for (let column = 0; column < COLUMNS; column++) {
      cells[from + column] = (cells[from + column] ?? 0) + (sums[column] ?? 0);
    }
    return true;
  }

  get(row: number): Usage {
    const large = this.#large.get(row);
    if (large !== undefined) return large;
    const at = row * COLUMNS;
    const cells = this.#cells;
    if (at >= cells.length) return NO_USAGE;
    return {
      bytes: BigInt(cells[at] ?? 0),
      microseconds: BigInt(cells[at + 1] ?? 0),
      jobs: BigInt(cells[at + 2] ?? 0),
      completed: BigInt(cells[at + 3] ?? 0),
      failed: BigInt(cells[at + 4] ?? 0),
      skipped: BigInt(cells[at + 5] ?? 0),
    };
  }

  /** The double next to the counter, which is the counter itself unless it is large. */
  near(row: number, counter: keyof Usage): number {
    const large = this.#large.get(row);
    if (large !== undefined) return Number(large[counter]);
    return this.#cells[row * COLUMNS + COUNTERS.indexOf(counter)] ?? 0;
  }

  /** The sum of all rows. */
  total(): Usage {
    let sum = usageOf((counter) => this.#sumOf(COUNTERS.indexOf(counter)));
    for (const large of this.#large.values()) sum = addUsage(sum, large);
    return sum;
  }

  #sumOf(column: number): bigint {
    let sum = 0n;
    let part = 0;
    for (let row = 0; row < this.#rows; row++) {
      const cell = this.#cells[row * COLUMNS + column] ?? 0;
      if (Number.isSafeInteger(part + cell)) {
        part += cell;
      } else {
        sum += BigInt(part);
        part = cell;
      }
    }
    return sum + BigInt(part);
  }

  #growTo(rows: number): void {
    this.#rows = Math.max(this.#rows, rows);
    if (rows * COLUMNS <= this.#cells.length) return;
    const larger = new Float64Array(Math.max(rows * COLUMNS, this.#cells.length * 2));
    larger.set(this.#cells);
    this.#cells = larger;
  }
}

/** Holds the counters of one record while it is read: they are added to its row together, or not at all. */
const sums = new Float64Array(COLUMNS);

function fits(value: bigint): boolean {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
}
