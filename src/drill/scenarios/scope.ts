import { randomInt } from 'node:crypto';
import type { BucketEntry, Directory } from '../../archive/directory.js';
import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError } from '../../errors.js';
import type { LocatedBackup } from '../../repository/located-backup.js';
import { openCommitted } from '../../repository/open-backup.js';
import type { Work } from '../extrapolate.js';
import type { Scenario } from '../objectives.js';

/** The part of a backup that a scenario restores. */
export interface RestoreScope {
  buckets: string[];
  /** A single object, by its key in the only bucket. */
  key: string | undefined;
  /** What the backup holds of it. */
  whole: Work;
}

/**
 * Decides what to restore: an object drawn from all of them, the bucket whose restore takes longest,
 * or everything. Rejects with `not_found` if the backup holds no object.
 */
export async function chooseScope(
  scenario: Scenario,
  located: LocatedBackup,
): Promise<RestoreScope> {
  const { archives, directory, id } = await openCommitted(located);
  try {
    if (directory.objects === 0) {
      throw new MangamotionError('not_found', `${id} holds no objects`);
    }
    if (scenario === 'object') {
      const { chunk, at } = chunkOf(directory, randomInt(directory.objects));
      const lines = await (await archives.of(chunk.archive)).readChunk(chunk);
      return scopeOfObject(lines[at], id);
    }
    if (scenario === 'bucket') {
      const bucket = heaviestOf(directory.buckets);
      return { buckets: [bucket.name], key: undefined, whole: bucket };
    }
    const buckets = directory.buckets.map(({ name }) => name);
    return { buckets, key: undefined, whole: directory };
  } finally {
    await archives.close();
  }
}

function scopeOfObject(line: IndexLine | undefined, id: string): RestoreScope {
  if (line === undefined) {
    throw new MangamotionError('damaged', `${id}: a chunk of the index has too few lines`);
  }
  const { bucket, key, size } = line;
  return { buckets: [bucket], key, whole: { objects: 1, bytes: size } };
}

function chunkOf({ chunks }: Directory, number: number) {
  let at = number;
  for (const chunk of chunks) {
    if (at < chunk.objects) return { chunk, at };
    at -= chunk.objects;
  }
  throw new MangamotionError('damaged', 'the index has fewer objects than its directory says');
}

/** An object takes about as long as this many bytes, so that many small ones count. */
const BYTES_PER_OBJECT = 256 * 1024;

export function heaviestOf(buckets: readonly BucketEntry[]): BucketEntry {
  const weight = ({ objects, bytes }: BucketEntry) => objects * BYTES_PER_OBJECT + bytes;
  return buckets.reduce((most, bucket) => (weight(bucket) > weight(most) ? bucket : most));
}
