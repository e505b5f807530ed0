import type { Line } from './lines.js';

/**
 * The line that stands for a destination of several: of those that have not ended, the one that
 * covers most. Of several that cover the same (of two stores), the one whose newest trusted backup
 * was made last. `undefined` where there is no line.
 */
export function widestLine(lines: readonly Line[]): Line | undefined {
  const [widest] = lines.toSorted(
    (a, b) =>
      Number(a.retired) - Number(b.retired) ||
      Number(a.selection.buckets !== null) - Number(b.selection.buckets !== null) ||
      bucketsOf(b) - bucketsOf(a) ||
      a.selection.excluded.length - b.selection.excluded.length ||
      newestSequence(b) - newestSequence(a),
  );
  return widest;
}

/** How many are selected by name. */
function bucketsOf({ selection: { buckets, excluded } }: Line): number {
  return (buckets ?? []).filter((name) => !excluded.includes(name)).length;
}

function newestSequence({ newestTrusted, backups }: Line): number {
  return (newestTrusted ?? backups.at(-1))?.summary.sequence ?? 0;
}
