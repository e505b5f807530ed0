import type { JobRow } from './row.js';

/** Newest first; those without any time last; then the higher id first. Below 0: `a` comes first. */
export function newestFirst(a: JobRow, b: JobRow): number {
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

/**
 * The newest so many of any number of rows, in memory for so many: a binary heap whose root is the
 * oldest that is kept.
 */
export class NewestJobs {
  readonly #most: number;
  readonly #heap: JobRow[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  add(row: JobRow): void {
    const oldest = this.#heap[0];
    if (this.#heap.length < this.#most) {
      this.#heap.push(row);
      this.#rise(this.#heap.length - 1);
    } else if (oldest !== undefined && newestFirst(row, oldest) < 0) {
      this.#heap[0] = row;
      this.#sink(0);
    }
  }

  sorted(): JobRow[] {
    return [...this.#heap].sort(newestFirst);
  }

  #rise(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isOlder(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    for (let at = from; ;) {
      let oldest = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < this.#heap.length && this.#isOlder(child, oldest)) oldest = child;
      }
      if (oldest === at) return;
      this.#swap(at, oldest);
      at = oldest;
    }
  }

  #isOlder(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    return one !== undefined && other !== undefined && newestFirst(one, other) > 0;
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one === undefined || other === undefined) return;
    this.#heap[a] = other;
    this.#heap[b] = one;
  }
}
