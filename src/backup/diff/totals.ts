import type { DiffRow } from './row.js';

/** Counts the rows of a comparison. Pure. */

interface Counted {
  objects: number;
  bytes: number;
}

export interface DiffTotals {
  /** Added, removed and changed objects, documents and buckets. */
  differences: number;
  added: Counted;
  removed: Counted;
  changed: { objects: number; bytes_before: number; bytes_after: number };
  unknown: { objects: number };
  /**
   * `objects` is `null` where a prefix selects: the rest is not counted. `rewritten` have the same
   * content and another time, ETag or version, as far as the indexes had to be read.
   */
  unchanged: { objects: number | null; rewritten: number };
  documents: { added: number; removed: number; changed: number; unknown: number };
  buckets: { added: number; removed: number; unknown: number };
}

export class Totals {
  readonly counts: DiffTotals = {
    differences: 0,
    added: { objects: 0, bytes: 0 },
    removed: { objects: 0, bytes: 0 },
    changed: { objects: 0, bytes_before: 0, bytes_after: 0 },
    unknown: { objects: 0 },
    unchanged: { objects: null, rewritten: 0 },
    documents: { added: 0, removed: 0, changed: 0, unknown: 0 },
    buckets: { added: 0, removed: 0, unknown: 0 },
  };
  /** Rows of objects that the earlier side has. */
  #before = 0;

  add(row: DiffRow): void {
    const { counts } = this;
    const { change, kind } = row;
    if (change !== 'unknown') counts.differences += 1;
    if (kind === 'document') counts.documents[change] += 1;
    else if (kind === 'object') this.#addObject(row);
    else if (change !== 'changed') counts.buckets[change] += 1;
  }

  /** `before`: the number of objects that are compared on the earlier side. */
  countUnchanged(before: number): void {
    this.counts.unchanged.objects = before - this.#before;
  }

  /** Whether something could not be compared. */
  get hasUnknown(): boolean {
    const { unknown, documents, buckets } = this.counts;
    return unknown.objects + documents.unknown + buckets.unknown > 0;
  }

  #addObject({ change, before, after }: DiffRow): void {
    const { added, removed, changed, unknown } = this.counts;
    if (before !== null) this.#before += 1;
    switch (change) {
      case 'added':
        added.objects += 1;
        added.bytes += after?.size ?? 0;
        break;
      case 'removed':
        removed.objects += 1;
        removed.bytes += before?.size ?? 0;
        break;
      case 'changed':
        changed.objects += 1;
        changed.bytes_before += before?.size ?? 0;
        changed.bytes_after += after?.size ?? 0;
        break;
      case 'unknown':
        unknown.objects += 1;
    }
  }
}
