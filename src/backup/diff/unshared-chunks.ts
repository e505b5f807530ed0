import type { ChunkReference } from '../../archive/directory.js';
import { type KeySelection, mayHold, selectsAll } from '../../archive/select.js';
import { type ObjectName, compareObjects } from '../../key-order.js';

/** Decides which chunks of an index are read to compare it with another. Pure. */

/**
 * Returns the chunks that the other index does not have too. A chunk that both have holds the same
 * lines, and each index has nothing else between its first and its last one. `watched` are objects,
 * in order, whose lines are wanted in any case.
 */
export function unsharedChunks(
  chunks: readonly ChunkReference[],
  others: readonly ChunkReference[],
  watched: readonly ObjectName[],
): ChunkReference[] {
  const known = new Set(others.map(keyOf));
  return chunks.filter((chunk) => !known.has(keyOf(chunk)) || holdsAny(chunk, watched));
}

/** The digest is that of all lines; the names are there so that a forged directory misleads nobody. */
function keyOf({ sha256, size, first, last }: ChunkReference): string {
  return JSON.stringify([sha256, size, first.bucket, first.key, last.bucket, last.key]);
}

/** Whether one of the objects would lie in the chunk. They are in order. */
export function holdsAny({ first, last }: ChunkReference, names: readonly ObjectName[]): boolean {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const name = names[middle];
    if (name !== undefined && compareObjects(name, first) < 0) low = middle + 1;
    else high = middle;
  }
  const next = names[low];
  return next !== undefined && compareObjects(next, last) <= 0;
}

/** Returns the chunks that may hold selected objects of the buckets. `all`: these are all buckets. */
export function selectChunks(
  chunks: readonly ChunkReference[],
  buckets: readonly string[],
  selection: KeySelection,
  all: boolean,
): readonly ChunkReference[] {
  if (all && selectsAll(selection)) return chunks;
  return chunks.filter((chunk) => buckets.some((bucket) => mayHold(chunk, bucket, selection)));
}
