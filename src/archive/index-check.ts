import { countOf } from '../count-of.js';
import type { BucketEntry, Directory } from './directory.js';
import { damagedArchive } from './errors.js';
import type { IndexLine } from './index-line.js';
import { hashedPath } from './paths.js';

type Counts = Pick<BucketEntry, 'objects' | 'bytes'>;

/**
 * Compares the index lines of each bucket with the directory's counts, so that none are overlooked.
 */
export class IndexCheck {
  readonly #expected: ReadonlyMap<string, Counts>;
  readonly #read = new Map<string, Counts>();

  constructor({ buckets }: Pick<Directory, 'buckets'>) {
    this.#expected = new Map(buckets.map((bucket) => [bucket.name, bucket]));
  }

  /** Adds the lines of a chunk. Throws `damaged` if the directory does not name a bucket. */
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

  /** Adds a chunk unread, whose objects the directory counts and names as those of one bucket. */
  addUnread(bucket: string, { objects, bytes }: Counts): void {
    const counts = this.#countsOf(bucket);
    counts.objects += objects;
    counts.bytes += bytes;
  }

  /**
   * Returns how a bucket's counts differ, once all its lines are added; `undefined` if they match.
   */
  mismatchOf(bucket: string): string | undefined {
    const expected = this.#expected.get(bucket) ?? { objects: 0, bytes: 0 };
    const read = this.#read.get(bucket) ?? { objects: 0, bytes: 0 };
    if (expected.objects === read.objects && expected.bytes === read.bytes) return undefined;
    return (
      `the index has ${countOf(read.objects, 'object')} (${countOf(read.bytes, 'byte')}) of bucket ${bucket}, ` +
      `the directory says ${countOf(expected.objects, 'object')} (${countOf(expected.bytes, 'byte')})`
    );
  }

  /** Throws `damaged` if the counts of a bucket differ, after all of its lines were added. */
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

/** Whether the path can only be that of this object: no two objects with such paths share one. */
export function hasOwnPath({ archive, bucket, key, path }: IndexLine): boolean {
  const folder = `${archive}/data/${bucket}/`;
  if (path === folder + key) return true;
  // Buckets whose names are equal to the file system share a folder.
  return [key, `${bucket}\0${key}`].some((name) => path === folder + hashedPath(name));
}
