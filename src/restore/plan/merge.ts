import type { IndexLine } from '../../archive/index-line.js';
import type { ListedObject } from '../../object-store/port.js';
import { KeyCursor } from './key-cursor.js';

export interface MergedObject {
  line: IndexLine;
  target: ListedObject | undefined;
}

/**
 * Yields each line with the target's object of the same key, if any. Both inputs come in key order.
 * `onOther` is called with each object that only the target has.
 */
export async function* mergeWithTarget(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
  onOther?: (object: ListedObject) => void,
): AsyncGenerator<MergedObject[]> {
  const listed = new KeyCursor(listing, onOther);
  try {
    for await (const chunk of lines) {
      const merged: MergedObject[] = [];
      for (const line of chunk) merged.push({ line, target: await listed.find(line.key) });
      yield merged;
    }
    // Reads the listing to its end, which proves its order.
    await listed.finish();
  } finally {
    await listed.close();
  }
}

/**
 * Yields the objects of a listing whose keys have no line. Both inputs come in key order, and only
 * a page and a chunk are held at a time.
 */
export async function* objectsNotIn(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
): AsyncGenerator<ListedObject[]> {
  const index = new KeyCursor(lines);
  try {
    for await (const page of listing) {
      const extras: ListedObject[] = [];
      for (const object of page) {
        if ((await index.find(object.key)) === undefined) extras.push(object);
      }
      yield extras;
    }
  } finally {
    await index.close();
  }
}
