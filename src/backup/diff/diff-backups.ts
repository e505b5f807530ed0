import { selectsAll } from '../../archive/select.js';
import { compareObjects } from '../../key-order.js';
import { holdsObjects } from '../../repository/lines/lines.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import type { OpenCommitted } from '../../repository/open-backup.js';
import { openWithFailures } from '../../repository/whole-summary.js';
import { streamChunks } from './chunk-stream.js';
import { Classifier } from './classify.js';
import { KnownDocuments, documentRows } from './documents.js';
import { KnownFailures } from './failures-of.js';
import { mergeIndexes } from './merge-indexes.js';
import { notesOfBackups } from './notes.js';
import { refuseLegacy } from './refuse-legacy.js';
import type { DiffRow, NotCompared } from './row.js';
import {
  type DiffSelection,
  bucketRow,
  leavesOutNamed,
  scopeOf,
  selects,
  sideOf,
} from './scope.js';
import { Totals } from './totals.js';
import { selectChunks, unsharedChunks } from './unshared-chunks.js';

/** A comparison that has begun. The caller reads the rows to their end, or closes it. */
export interface Diff {
  /** By bucket and key; what concerns whole buckets comes first. They can be read once. */
  rows: AsyncGenerator<DiffRow>;
  /** Complete after the last row. */
  totals: Totals;
  notCompared: readonly NotCompared[];
  /** False if one side holds only the settings of buckets. */
  comparesObjects: boolean;
  /** Whether something that was asked for is not compared at all: the answer is not whole. */
  leavesOut: boolean;
  /** Known before the first row, except for what a listing is found to do. */
  notes: string[];
  close: () => Promise<void>;
}

/**
 * Compares two backups, which may lie at two destinations. Rejects with `damaged` if one of them
 * cannot be opened; the rows reject with it if a part of an index cannot be read.
 */
export async function diffBackups(
  before: LocatedBackup,
  after: LocatedBackup,
  selection: DiffSelection,
  signal: AbortSignal,
): Promise<Diff> {
  refuseLegacy(before);
  refuseLegacy(after);
  const earlier = await openWithFailures(before);
  let later: OpenCommitted | undefined;
  const close = async (): Promise<void> => {
    await earlier.archives.close();
    await later?.archives.close();
  };
  try {
    later = await openWithFailures(after);
    return compare(earlier, later, selection, { signal, close });
  } catch (error) {
    await close();
    throw error;
  }
}

function compare(
  earlier: OpenCommitted,
  later: OpenCommitted,
  selection: DiffSelection,
  { signal, close }: { signal: AbortSignal; close: () => Promise<void> },
): Diff {
  const sides = [
    sideOf(earlier.summary, earlier.directory),
    sideOf(later.summary, later.directory),
  ] as const;
  const scope = scopeOf(...sides, selection);
  const failures = [new KnownFailures(earlier.summary), new KnownFailures(later.summary)] as const;
  const totals = new Totals();
  const withObjects = [earlier, later].every(({ summary }) => holdsObjects(summary));
  const isWhole = selectsAll(selection);

  const rowsOfBuckets = function* (): Generator<DiffRow> {
    const [was, is] = failures;
    const documents = [
      new KnownDocuments(earlier.summary, earlier.directory, was),
      new KnownDocuments(later.summary, later.directory, is),
    ] as const;
    for (const bucket of scope.buckets) {
      const doubt = was.ofBucket(bucket) ?? is.ofBucket(bucket);
      const row = bucketRow(bucket, sides, doubt);
      if (row !== undefined) yield row;
      yield* documentRows(bucket, ...documents);
    }
  };

  const rowsOfObjects = async function* (): AsyncGenerator<DiffRow> {
    const [was, is] = failures;
    const classifier = new Classifier(was, is);
    const isSelected = selects(scope, selection);
    const watched = [...was.names, ...is.names].sort(compareObjects);
    const [ours, theirs] = [earlier, later].map(({ directory }) =>
      selectChunks(directory.chunks, scope.buckets, selection, scope.isWhole),
    );
    const pairs = mergeIndexes(
      streamChunks(earlier, unsharedChunks(ours ?? [], theirs ?? [], watched), { watched, signal }),
      streamChunks(later, unsharedChunks(theirs ?? [], ours ?? [], watched), { watched, signal }),
    );
    for await (const page of pairs) {
      for (const pair of page) {
        const line = pair.before ?? pair.after;
        if (line === undefined || !isSelected(line)) continue;
        for (const row of classifier.rowsOf(pair)) if (isSelectedRow(row)) yield row;
      }
    }
    for (const row of classifier.end()) if (isSelectedRow(row)) yield row;
    totals.counts.unchanged.rewritten = classifier.rewritten;

    function isSelectedRow({ bucket, key }: DiffRow): boolean {
      return key !== null && isSelected({ bucket, key });
    }
  };

  const rows = async function* (): AsyncGenerator<DiffRow> {
    try {
      if (isWhole) yield* counted(rowsOfBuckets());
      if (!withObjects) return;
      yield* counted(rowsOfObjects());
      if (isWhole) totals.countUnchanged(objectsIn(earlier, scope.buckets));
    } finally {
      await close();
    }
  };
  const counted = async function* (
    found: Iterable<DiffRow> | AsyncIterable<DiffRow>,
  ): AsyncGenerator<DiffRow> {
    for await (const row of found) {
      totals.add(row);
      yield row;
    }
  };
  const isOfSettings = [earlier, later].every(({ summary }) => !holdsObjects(summary)) && isWhole;
  const leavesOut = (!withObjects && !isOfSettings) || leavesOutNamed(scope.notCompared, selection);
  const notes = notesOfBackups(earlier.summary, later.summary);
  notes.push(...failures.flatMap(({ omitted }) => omitted ?? []));
  return {
    ...{ rows: rows(), totals, notCompared: scope.notCompared },
    ...{ comparesObjects: withObjects, leavesOut, notes, close },
  };
}

function objectsIn({ directory }: OpenCommitted, buckets: readonly string[]): number {
  const compared = new Set(buckets);
  return directory.buckets
    .filter(({ name }) => compared.has(name))
    .reduce((sum, { objects }) => sum + objects, 0);
}
