/** What the layout of a table goes by. */
export interface LayoutColumn {
  /** Columns of the terminal that its title and its cells would take. */
  wanted: number;
  /** To so many its cells may be cut. */
  least: number;
  /** Where there is no room for all, those with the highest number go first; 0 or absent: never. */
  dispensable?: number | undefined;
}

export interface Layout {
  /** The places of the columns that are shown, in their order. */
  shown: number[];
  /** Of each of them, in columns of the terminal. */
  widths: number[];
}

/** Blanks between two columns. */
export const GAP = 2;

/**
 * How the columns of a table share the width of a terminal: first the widest cells are cut, none
 * below its least; then the most dispensable columns are hidden, the last of equals first; and where
 * even those that cannot be done without are too many, all are cut further. The lines are never wider
 * than `available`, `Infinity` where nothing limits them.
 */
export function layOut(columns: readonly LayoutColumn[], available: number): Layout {
  const shown = columns.map((_column, at) => at);
  const of = (at: number): LayoutColumn => columns[at] ?? { wanted: 0, least: 0 };
  const least = (at: number) => Math.min(of(at).wanted, of(at).least);
  while (lineWidth(shown.map(least)) > available) {
    const most = Math.max(0, ...shown.map((at) => of(at).dispensable ?? 0));
    if (most === 0) break;
    shown.splice(
      shown.findLastIndex((at) => of(at).dispensable === most),
      1,
    );
  }
  // Titles of one letter each would still need a gap between them.
  while (shown.length > 1 && lineWidth(shown.map(() => 1)) > available) shown.pop();
  const wanted = shown.map((at) => of(at).wanted);
  const limits = shown.map(least);
  const fits = lineWidth(limits) <= available;
  return { shown, widths: cutWidest(wanted, fits ? limits : limits.map(() => 1), available) };
}

/** Cuts the widest columns to one level, as far as their limits allow, until the line fits. */
function cutWidest(
  wanted: readonly number[],
  limits: readonly number[],
  available: number,
): number[] {
  const at = (level: number) =>
    wanted.map((width, index) => Math.min(width, Math.max(limits[index] ?? 0, level)));
  let low = 0;
  let high = Math.max(0, ...wanted);
  if (lineWidth(wanted) <= available) return [...wanted];
  // The highest level at which the line fits.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (lineWidth(at(middle)) <= available) low = middle;
    else high = middle - 1;
  }
  const widths = at(low);
  // What is left over goes to the first ones that still are cut.
  let left = available - lineWidth(widths);
  return widths.map((width, index) => {
    if (left <= 0 || width >= (wanted[index] ?? 0)) return Math.min(width, Math.max(0, available));
    left -= 1;
    return width + 1;
  });
}

/** Of columns so wide, with the blanks between them. */
export function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP, -GAP);
}
