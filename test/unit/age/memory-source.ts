import { MangamotionError } from '../../../src/errors.js';
import type { ClosableSource } from '../../../src/archive/sink.js';

/** A file in memory that rejects reads beyond its end, and counts what is read. */
export function memorySource(file: Buffer): ClosableSource & { reads: [number, number][] } {
  const reads: [number, number][] = [];
  return {
    sizeBytes: file.length,
    reads,
    read: (offset, length) => {
      reads.push([offset, length]);
      if (offset + length <= file.length)
        return Promise.resolve(file.subarray(offset, offset + length));
      return Promise.reject(new MangamotionError('damaged', `ends at byte ${file.length}`));
    },
    close: () => Promise.resolve(),
  };
}
