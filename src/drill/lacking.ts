import type { IndexLine } from '../archive/index-line.js';
import { compareKeys } from '../key-order.js';
import type { ListedObject } from '../object-store/port.js';

export interface Lacking {
  objects: number;
  bytes: number;
}

/**
 * Counts the objects of a listing that an index lacks or has in another version. Both come in key
 * order, and only a page and a chunk are held at a time.
 */
export async function countLacking(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
): Promise<Lacking> {
  const lacking = { objects: 0, bytes: 0 };
  const chunks = lines[Symbol.asyncIterator]();
  let chunk: readonly IndexLine[] = [];
  let position = 0;
  let ended = false;
  try {
    for await (const page of listing) {
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
        const line = chunk[position];
        if (line?.key === object.key && isHeld(line, object)) continue;
        lacking.objects += 1;
        lacking.bytes += object.sizeBytes;
      }
    }
  } finally {
    await chunks.return?.();
  }
  return lacking;
}

/** Whether the backup has these bytes. Without an ETag the time of the last change decides. */
function isHeld(line: IndexLine, object: ListedObject): boolean {
  if (line.size !== object.sizeBytes) return false;
  if (object.etag === line.etag || object.etag === line.md5) return true;
  return object.etag === '' && Date.parse(object.lastModified) <= Date.parse(line.last_modified);
}
