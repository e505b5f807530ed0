import { createHash } from 'node:crypto';

/** Holds, in each bucket's folder, the objects whose keys cannot be file names. */
const HASHED_KEYS_FOLDER = '.mangamotion-keys';

const LONGEST_SEGMENT_BYTES = 255;

const UNSAFE_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\\]/;

/**
 * Whether the key can be a file name below the bucket's folder as it is: relative, without empty,
 * `.` or `..` segments, control characters or backslashes, each segment within 255 bytes, and
 * outside the folder that we keep for the others.
 */
export function isSafePath(key: string): boolean {
  if (UNSAFE_CHARACTERS.test(key) || !key.isWellFormed()) return false;
  const segments = key.split('/');
  return folded(segments[0] ?? '') !== folded(HASHED_KEYS_FOLDER) && segments.every(isSafeSegment);
}

/** Bucket names come from a server too; one that could leave its folder is refused by the caller. */
export function isSafeSegment(segment: string): boolean {
  return (
    !['', '.', '..'].includes(folded(segment)) &&
    !segment.includes('/') &&
    !UNSAFE_CHARACTERS.test(segment) &&
    Buffer.byteLength(segment) <= LONGEST_SEGMENT_BYTES
  );
}

/**
 * The same for all names that some file system takes for the same one. ext4 with case folding, HFS+
 * and APFS decompose names and pass over characters that are not seen: `.` with a zero-width joiner
 * is `.` to them.
 */
function folded(segment: string): string {
  return segment
    .normalize('NFD')
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .toUpperCase();
}

/** Returns the path of a bucket's document. */
export function bucketDocumentPath(bucket: string, fileName: string): string {
  return `metadata/${bucket}/${fileName}`;
}

/** Returns the path of an object whose key cannot be a file name. */
export function hashedPath(key: string): string {
  return `${HASHED_KEYS_FOLDER}/${createHash('sha256').update(key).digest('hex')}`;
}

/**
 * Gives each object its path in the archive, `data/<bucket>/<key>`, for keys that come in order.
 *
 * Of two keys of which one would be the other's folder (`a` and `a/b`) the first keeps its name and
 * what lies below it is hashed. Keys with a common prefix are neighbours in the listing's order, so
 * it is enough to remember the stored keys that are prefixes of the present one.
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
