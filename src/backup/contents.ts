import type { IndexLine } from '../archive/index-line.js';
import { IndexCheck } from '../archive/index-check.js';
import { type KeySelection, mayHold, selectLines } from '../archive/select.js';
import { MangamotionError } from '../errors.js';
import type { LocatedBackup } from '../repository/located-backup.js';
import { openBackup } from '../repository/open-backup.js';

export interface ContentsSelection extends KeySelection {
  /** The buckets to read; empty means all. */
  buckets: readonly string[];
}

/**
 * Yields the selected objects of a backup in order. Rejects with `not_found` for an unknown bucket.
 */
export async function* listContents(
  located: LocatedBackup,
  selection: ContentsSelection,
): AsyncGenerator<IndexLine> {
  const { archives, directory } = await openBackup(located);
  try {
    const names = directory.buckets.map((bucket) => bucket.name);
    const unknown = selection.buckets.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new MangamotionError('not_found', `the backup has no bucket ${unknown}`, {
        hint: `It has: ${names.join(', ')}.`,
      });
    }
    const wanted = names.filter(
      (name) => selection.buckets.length === 0 || selection.buckets.includes(name),
    );
    const check = new IndexCheck(directory);
    for (const chunk of directory.chunks) {
      const buckets = wanted.filter((bucket) => mayHold(chunk, bucket, selection));
      if (buckets.length === 0) continue;
      const lines = await (await archives.of(chunk.archive)).readChunk(chunk);
      check.add(lines);
      for (const bucket of buckets) yield* selectLines(lines, bucket, selection);
    }
    const isWhole = selection.keys.length === 0 && selection.prefixes.length === 0;
    if (isWhole) for (const bucket of wanted) check.checkWhole(bucket);
  } finally {
    await archives.close();
  }
}
