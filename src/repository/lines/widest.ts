import type { Line } from './lines.js';

/**
 * Returns the line that represents a destination: not retired if possible, then the one that covers
 * the most buckets, then the one with the newest trusted backup. `undefined` if there are no lines.
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

function bucketsOf({ selection: { buckets, excluded } }: Line): number {
  return (buckets ?? []).filter((name) => !excluded.includes(name)).length;
}

function newestSequence({ newestTrusted, backups }: Line): number {
  return (newestTrusted ?? backups.at(-1))?.summary.sequence ?? 0;
}
