/** Rows that are drawn only where they are looked at. Heights and places are in px. */

/** Returns where each row begins; the last entry is where the last row ends. */
export function offsetsOf(count: number, heightOf: (index: number) => number): Float64Array {
  const offsets = new Float64Array(count + 1);
  for (let index = 0; index < count; index++)
    offsets[index + 1] = (offsets[index] ?? 0) + heightOf(index);
  return offsets;
}

/** Returns the row at a place: the first one above all rows, the last one below. */
export function rowAt(offsets: Float64Array, place: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return low;
}

export interface DrawnRows {
  first: number;
  /** One after the last. */
  end: number;
}

/** The borders of what is drawn move by so many rows at a time. */
const STEP = 8;

/** Returns the rows between two places, with some more on both sides. */
export function drawnRows(
  offsets: Float64Array,
  top: number,
  bottom: number,
  overscan: number,
): DrawnRows {
  const count = offsets.length - 1;
  if (count <= 0) return { first: 0, end: 0 };
  const first = Math.max(0, rowAt(offsets, top) - overscan);
  const end = Math.min(count, rowAt(offsets, bottom) + 1 + overscan);
  return { first: first - (first % STEP), end: Math.min(count, Math.ceil(end / STEP) * STEP) };
}

/** Returns by how much to scroll so that a row is within the part of the window that shows rows. */
export function scrollNeeded(
  row: { top: number; bottom: number },
  seen: { top: number; bottom: number },
): number {
  if (row.top < seen.top) return row.top - seen.top;
  return row.bottom > seen.bottom ? row.bottom - seen.bottom : 0;
}
