import { compareKeys } from '../../key-order.js';
import type { ListedObject } from '../../object-store/port.js';
import type { WrittenObject } from '../written.js';

/** A difference between a listing and the written objects. */
export type Discrepancy =
  | { kind: 'missing'; written: WrittenObject }
  | { kind: 'different'; written: WrittenObject; listed: ListedObject }
  /** It is listed, but was not written here. */
  | { kind: 'other'; listed: ListedObject };

/**
 * Merges the written objects with a listing, both in key order, and holds only one object of each.
 * If two were written under one key, the last one counts.
 */
export async function* compareWritten(
  written: AsyncIterable<WrittenObject>,
  listing: AsyncIterable<readonly ListedObject[]>,
): AsyncGenerator<Discrepancy> {
  const ours = lastOfEach(written)[Symbol.asyncIterator]();
  try {
    let next = await ours.next();
    for await (const page of listing) {
      for (const listed of page) {
        while (next.done !== true && compareKeys(next.value.key, listed.key) < 0) {
          yield { kind: 'missing', written: next.value };
          next = await ours.next();
        }
        if (next.done === true || next.value.key !== listed.key) {
          yield { kind: 'other', listed };
          continue;
        }
        if (!isAsWritten(next.value, listed)) {
          yield { kind: 'different', written: next.value, listed };
        }
        next = await ours.next();
      }
    }
    for (; next.done !== true; next = await ours.next()) {
      yield { kind: 'missing', written: next.value };
    }
  } finally {
    await ours.return(undefined);
  }
}

/** Compares size and ETag. An empty ETag on either side proves nothing. */
export function isAsWritten(written: WrittenObject, listed: ListedObject): boolean {
  if (written.sizeBytes !== listed.sizeBytes) return false;
  return written.etag === '' || listed.etag === '' || written.etag === listed.etag;
}

async function* lastOfEach(written: AsyncIterable<WrittenObject>): AsyncGenerator<WrittenObject> {
  let held: WrittenObject | undefined;
  for await (const object of written) {
    if (held !== undefined && held.key !== object.key) yield held;
    held = object;
  }
  if (held !== undefined) yield held;
}
