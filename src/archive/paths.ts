import { createHash } from 'node:crypto';

/** The folder in each bucket's folder for objects whose keys cannot be file names. */
const HASHED_KEYS_FOLDER = '.mangamotion-keys';

const LONGEST_SEGMENT_BYTES = 255;

const UNSAFE_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\\]/;

/**
 * Whether the key itself can be the path below the bucket's folder: relative, no empty, `.` or `..`
 * segments, no control characters or backslashes, segments of at most 255 bytes, and outside the
 * folder for the other keys.
 */
export function isSafePath(key: string): boolean {
  if (UNSAFE_CHARACTERS.test(key) || !key.isWellFormed()) return false;
  const segments = key.split('/');
  return folded(segments[0] ?? '') !== folded(HASHED_KEYS_FOLDER) && segments.every(isSafeSegment);
}

/** Returns whether a path segment, such as a bucket name, stays inside its folder. */
export function isSafeSegment(segment: string): boolean {
  return (
    !['', '.', '..'].includes(folded(segment)) &&
    !segment.includes('/') &&
    !UNSAFE_CHARACTERS.test(segment) &&
    Buffer.byteLength(segment) <= LONGEST_SEGMENT_BYTES
  );
}

/**
 * Returns the same text for all names that some file system treats as equal. ext4 with case
 * folding, HFS+ and APFS ignore invisible characters: `.` with a zero-width joiner is `.` to them.
 */
function folded(segment: string): string {
  return segment
    .normalize('NFD')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase();
}

export function bucketDocumentPath(bucket: string, fileName: string): string {
  return `metadata/${bucket}/${fileName}`;
}

/** Returns the path of an object whose key cannot be a file name. */
export function hashedPath(key: string): string {
  return `${HASHED_KEYS_FOLDER}/${createHash('sha256').update(key).digest('hex')}`;
}

/**
 * Assigns each object its path in the archive, `data/<bucket>/<key>`. Keys come in order.
 *
 * If one key would be the folder of another (`a` and `a/b`), the first keeps its name and what lies
 * below it is hashed. Keys with a common prefix are adjacent in the listing's order, so it suffices
 * to remember the stored keys that are prefixes of the current one.
 */
export class PathAllocator {
  #bucket = '';
  #prefixes: string[] = [];

  pathFor(bucket: string, key: string): string {
    if (bucket !== this.#bucket) {
      this.#bucket = bucket;
      this.#prefixes = [];
    }
    while (this.#prefixes.length > 0 && !key.startsWith(this.#prefixes.at(-1) ?? '')) {
      this.#prefixes.pop();
    }
    const belowAnother = this.#prefixes.some((prefix) => key.startsWith(`${prefix}/`));
    if (belowAnother || !isSafePath(key)) return `data/${bucket}/${hashedPath(key)}`;
    this.#prefixes.push(key);
    return `data/${bucket}/${key}`;
  }
}
