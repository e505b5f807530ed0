import type { BucketEntry, Directory } from './directory.js';
import { damagedArchive } from './errors.js';
import type { IndexLine } from './index-line.js';
import { hashedPath } from './paths.js';

type Counts = Pick<BucketEntry, 'objects' | 'bytes'>;

/**
 * Compares the lines of an index, as they are read, with what the directory says of each bucket: a
 * reader that finds fewer than there should be must not pass over it.
 */
export class IndexCheck {
  readonly #expected: ReadonlyMap<string, Counts>;
  readonly #read = new Map<string, Counts>();

  constructor({ buckets }: Pick<Directory, 'buckets'>) {
    this.#expected = new Map(buckets.map((bucket) => [bucket.name, bucket]));
  }

  /** Counts the lines of a chunk in. Throws `damaged` where a bucket is not in the directory. */
  add(lines: readonly IndexLine[]): void {
    let counts: Counts = { objects: 0, bytes: 0 };
    let bucket: string | undefined;
    for (const line of lines) {
      if (line.bucket !== bucket) {
        bucket = line.bucket;
        counts = this.#countsOf(bucket);
      }
      counts.objects += 1;
      counts.bytes += line.size;
    }
  }

  /**
   * What is wrong with a bucket of which all lines were added; `undefined` where it has what the
   * directory says.
   */
  mismatchOf(bucket: string): string | undefined {
    const expected = this.#expected.get(bucket) ?? { objects: 0, bytes: 0 };
    const read = this.#read.get(bucket) ?? { objects: 0, bytes: 0 };
    if (expected.objects === read.objects && expected.bytes === read.bytes) return undefined;
    return (
      `the index has ${read.objects} objects (${read.bytes} bytes) of bucket ${bucket}, ` +
      `the directory says ${expected.objects} (${expected.bytes} bytes)`
    );
  }

  /** Throws `damaged` where a bucket of which all lines were added has other counts than it should. */
  checkWhole(bucket: string): void {
    const wrong = this.mismatchOf(bucket);
    if (wrong !== undefined) throw damagedArchive(wrong);
  }

  #countsOf(bucket: string): Counts {
    if (!this.#expected.has(bucket)) {
      throw damagedArchive(
        `the index has objects of ${JSON.stringify(bucket)}, which is not among the buckets`,
      );
    }
    const counts = this.#read.get(bucket) ?? { objects: 0, bytes: 0 };
    this.#read.set(bucket, counts);
    return counts;
  }
}

/**
 * Whether the line's file is one that its object can have. Keys are there once, so that no two
 * objects with such files share one.
 */
export function hasOwnPath({ archive, bucket, key, path }: IndexLine): boolean {
  const folder = `${archive}/data/${bucket}/`;
  if (path === folder + key) return true;
  // On a file system that takes the names of two buckets for one, they share a folder.
  return [key, `${bucket}\0${key}`].some((name) => path === folder + hashedPath(name));
}
