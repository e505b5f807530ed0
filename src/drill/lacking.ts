import type { IndexLine } from '../archive/index-line.js';
import { isContentEtag } from '../backup/plan/changes.js';
import type { ListedObject } from '../object-store/port.js';
import { mergeWithTarget } from '../restore/plan/merge.js';

export interface Lacking {
  objects: number;
  bytes: number;
}

/**
 * Counts the objects of a listing that an index lacks or has in another version. Both come in key
 * order, and only a page and a chunk are held at a time. `onUnlisted` gets the lines of each chunk
 * whose keys are not listed.
 */
export async function countLacking(
  lines: AsyncIterable<readonly IndexLine[]>,
  listing: AsyncIterable<readonly ListedObject[]>,
  onUnlisted: (lines: IndexLine[]) => Promise<void>,
): Promise<Lacking> {
  const lacking = { objects: 0, bytes: 0 };
  const add = ({ sizeBytes }: ListedObject): void => {
    lacking.objects += 1;
    lacking.bytes += sizeBytes;
  };
  for await (const chunk of mergeWithTarget(lines, listing, add)) {
    for (const { line, target } of chunk) {
      if (target !== undefined && !isHeld(line, target)) add(target);
    }
    await onUnlisted(chunk.filter(({ target }) => target === undefined).map(({ line }) => line));
  }
  return lacking;
}

/**
 * Whether the backup has these bytes, by the rules of an incremental one: an ETag that is not derived
 * from the content, or none at all, identifies the bytes only together with the time.
 */
function isHeld(line: IndexLine, object: ListedObject): boolean {
  if (line.size !== object.sizeBytes) return false;
  if (isContentEtag(object.etag) && object.etag === line.md5) return true;
  if (object.etag !== line.etag) return false;
  const isSameTime = Date.parse(object.lastModified) === Date.parse(line.last_modified);
  return isSameTime || isContentEtag(object.etag);
}
