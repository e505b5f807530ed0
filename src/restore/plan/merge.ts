import type { IndexLine } from '../../archive/index-line.js';
import { compareKeys } from '../../key-order.js';
import type { ListedObject } from '../../object-store/port.js';

export interface MergedObject {
  line: IndexLine;
  target: ListedObject | undefined;
}

/**
 * Yields each line with the target's object of the same key, if any. Both inputs come in key order.
 * Objects that only the target has are skipped.
 */
export async function* mergeWithTarget(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
): AsyncGenerator<MergedObject[]> {
  const pages = listing[Symbol.asyncIterator]();
  let page: readonly ListedObject[] = [];
  let position = 0;
  let ended = false;
  try {
    for await (const chunk of lines) {
      const merged: MergedObject[] = [];
      for (const line of chunk) {
        for (;;) {
          const target = page[position];
          if (target === undefined) {
            if (ended) break;
            const next = await pages.next();
            ended = next.done === true;
            page = next.done === true ? [] : next.value;
            position = 0;
          } else if (compareKeys(target.key, line.key) < 0) {
            position += 1;
          } else {
            break;
          }
        }
        const candidate = page[position];
        merged.push({ line, target: candidate?.key === line.key ? candidate : undefined });
      }
      yield merged;
    }
    // Reads the listing to its end, which proves its order.
    while (!ended) ended = (await pages.next()).done === true;
  } finally {
    await pages.return?.();
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
  const chunks = lines[Symbol.asyncIterator]();
  let chunk: readonly IndexLine[] = [];
  let position = 0;
  let ended = false;
  try {
    for await (const page of listing) {
      const extras: ListedObject[] = [];
      for (const object of page) {
        for (;;) {
          const line = chunk[position];
          if (line === undefined) {
            if (ended) break;
            const next = await chunks.next();
            ended = next.done === true;
            chunk = next.done === true ? [] : next.value;
            position = 0;
          } else if (compareKeys(line.key, object.key) < 0) {
            position += 1;
          } else {
            break;
          }
        }
        if (chunk[position]?.key !== object.key) extras.push(object);
      }
      yield extras;
    }
  } finally {
    await chunks.return?.();
  }
}
