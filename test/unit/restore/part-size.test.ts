import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partSizeFor } from '../../../src/restore/part-size.js';

const MIB = 1024 * 1024;
const MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

describe('the parts of an upload', () => {
  it.each([
    ['an object that came in one request, up to 512 MiB', 512 * MIB, MD5],
    ['an object in few parts, up to 64 MiB', 64 * MIB, `${MD5}-8`],
    ['an empty object', 0, MD5],
  ])('are none for %s', (_, size, etag) => {
    expect(partSizeFor({ size, etag })).toBeUndefined();
  });

  it.each([
    [200 * MIB, 25, 8],
    [200 * MIB + 1, 13, 16],
    [65 * MIB, 2, 64],
    [200 * MIB, 40, 5],
  ])('are cut as they came: %i bytes in %i parts of %i MiB', (size, parts, mib) => {
    expect(partSizeFor({ size, etag: `${MD5}-${parts}` })).toBe(mib * MIB);
  });

  it.each([
    ['no common client cuts like that', 1000 * MIB, `${MD5}-3`],
    ['it came in one request', 512 * MIB + 1, MD5],
    ['the server tells no ETag', 513 * MIB, ''],
    ['it claims more parts than S3 takes', 16_359 * 5 * MIB, `${MD5}-16359`],
  ])('have 16 MiB where %s', (_, size, etag) => {
    expect(partSizeFor({ size, etag })).toBe(16 * MIB);
  });

  it('are within what S3 takes, up to 5 TiB', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 5 * 1024 ** 4 }),
      fc.integer({ min: 0, max: 20_000 }),
      (size, parts) => {
        const bytes = partSizeFor({ size, etag: parts === 0 ? MD5 : `${MD5}-${parts}` });
        if (bytes === undefined) {
          expect(size).toBeLessThanOrEqual(512 * MIB);
          return;
        }
        expect(bytes).toBeGreaterThanOrEqual(5 * MIB);
        expect(Math.ceil(size / bytes)).toBeLessThanOrEqual(10_000);
        expect(bytes).toBeLessThanOrEqual(Math.max(64 * MIB, 525 * MIB));
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
});
