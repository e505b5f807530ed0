import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PARTS, partBytes, partRanges } from '../../../../src/repository/s3/s3-upload-sink.js';

const MIB = 1024 * 1024;

describe('the parts of an upload', () => {
  it('hold 5 TiB, and none is larger than S3 takes', () => {
    let total = 0;
    for (let number = 1; number <= MAX_PARTS; number++) total += partBytes(number);
    expect(total).toBeGreaterThanOrEqual(5 * 1024 ** 4);
    expect(partBytes(MAX_PARTS)).toBeLessThan(5 * 1024 ** 3);
  });

  it('stay as small as S3 takes them for an archive of 5 GB', () => {
    expect(partBytes(1)).toBe(5 * MIB);
    expect(partBytes(1000)).toBe(5 * MIB);
    expect(partBytes(1001)).toBeGreaterThan(5 * MIB);
  });

  it('cover an object without a gap, and the last one is never empty', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40_000 * MIB }), (sizeBytes) => {
        const ranges = partRanges(sizeBytes);
        expect(ranges.at(-1)?.end ?? 0).toBe(sizeBytes);
        ranges.forEach(({ start, end }, index) => {
          expect(start).toBe(ranges[index - 1]?.end ?? 0);
          const bytes = end - start;
          expect(bytes).toBeGreaterThan(0);
          if (index < ranges.length - 1) expect(bytes).toBe(partBytes(index + 1));
        });
      }),
      { numRuns: 20 },
    );
  });

  it('never shrink', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_PARTS - 1 }), (number) => {
        expect(partBytes(number + 1)).toBeGreaterThanOrEqual(partBytes(number));
      }),
    );
  });
});
