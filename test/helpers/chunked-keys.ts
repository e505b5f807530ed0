import { crc32 } from 'node:zlib';
import { compareKeys } from '../../src/key-order.js';

/** The index of a backup begins a new chunk behind such a key, see src/archive/chunking.ts. */
const MEAN_OBJECTS = 8192;

/**
 * Returns keys of a bucket, in order, whose index has a chunk for each stem: a small bucket is else a single
 * chunk, which cannot be cut. `count`: the keys of each stem.
 */
export function chunkedKeys(bucket: string, stems: readonly string[], count: number): string[] {
  return stems
    .flatMap((stem) => {
      const keys = Array.from(
        { length: count - 1 },
        (_, i) => `${stem}${String(i).padStart(5, '0')}`,
      );
      return [...keys, chunkEnd(bucket, `${stem}~`)];
    })
    .sort(compareKeys);
}

function chunkEnd(bucket: string, stem: string): string {
  for (let i = 0; ; i++) {
    const key = `${stem}${i}`;
    if (crc32(`${bucket}\0${key}`) % MEAN_OBJECTS === 0) return key;
  }
}
