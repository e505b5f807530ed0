import fc from 'fast-check';
import { Header, Pax } from 'tar';
import { describe, expect, it } from 'vitest';
import { encodeEntryHeader, paddingOf } from '../../../src/archive/tar.js';
import { readWithNodeTar } from '../../helpers/archive-members.js';
import { noise } from '../../helpers/archive-samples.js';
import { scan, tarOf } from '../../helpers/archive-tar.js';

const GIB = 1024 ** 3;
const MODIFIED_AT = new Date('2024-01-14T12:34:56.789Z');

describe('the padding', () => {
  it.each([
    [0, 0],
    [1, 511],
    [511, 1],
    [512, 0],
    [513, 511],
    [9 * GIB + 1, 511],
  ])('behind %i bytes is %i', (sizeBytes, padding) => {
    expect(paddingOf(sizeBytes)).toBe(padding);
  });
});

describe('the header of a file', () => {
  it('is one block with whole seconds and no owner', () => {
    const block = encodeEntryHeader({ path: 'n/data/b/a', sizeBytes: 7 }, MODIFIED_AT);
    expect(block).toHaveLength(512);
    const header = new Header(block);
    expect(header).toMatchObject({ path: 'n/data/b/a', size: 7, uid: 0, gid: 0, mode: 0o644 });
    expect(header).toMatchObject({ type: 'File', cksumValid: true });
    expect(header.mtime).toEqual(new Date('2024-01-14T12:34:56Z'));
  });

  it.each([new Date(Number.NaN), new Date(-1), new Date('1969-12-31')])(
    'has the beginning of time for %s',
    (time) => {
      const header = new Header(encodeEntryHeader({ path: 'n/a', sizeBytes: 0 }, time));
      expect(header.mtime).toEqual(new Date(0));
    },
  );

  it.each([8 * GIB - 1, 8 * GIB, 9 * GIB, Number.MAX_SAFE_INTEGER])(
    'tells a size of %i bytes to any reader',
    (sizeBytes) => {
      const encoded = encodeEntryHeader({ path: 'n/data/b/a', sizeBytes }, MODIFIED_AT);
      const block = encoded.subarray(-512);
      if (sizeBytes < 8 * GIB) {
        expect(encoded).toHaveLength(512);
      } else {
        const extended = new Header(encoded);
        expect(extended).toMatchObject({ type: 'ExtendedHeader', cksumValid: true });
        const pax = Pax.parse(encoded.toString('utf8', 512, 512 + (extended.size ?? 0)));
        expect(pax).toMatchObject({ size: sizeBytes, path: 'n/data/b/a' });
      }
      // GNU tar takes the base-256 number of the block where it knows no pax.
      expect(new Header(block)).toMatchObject({ size: sizeBytes, cksumValid: true });
    },
  );
});

describe('names of any length and script', () => {
  const segment = fc.oneof(
    fc.integer({ min: 1, max: 255 }).map((length) => 'x'.repeat(length)),
    fc.integer({ min: 1, max: 63 }).map((length) => '\u{1f600}'.repeat(length)),
    fc.constantFrom('a', '12', 'size=1', '30 path=evil', 'é', ' '),
  );
  const path = fc
    .array(segment, { minLength: 1, maxLength: 5 })
    .map((segments) => ['n', 'data', 'b', ...segments].join('/'));

  it("come back from our scanner, and from node-tar's own parser", async () => {
    const names = fc.asyncProperty(
      fc.array(path, { minLength: 1, maxLength: 5 }),
      async (paths) => {
        const files = paths.map((name, n) => ({ path: name, content: noise(n * 300) }));
        const tar = tarOf(files);
        expect(await readWithNodeTar(tar)).toEqual(files);
        const { files: scanned, ended } = scan([tar]);
        expect(scanned.map(({ path, content }) => ({ path, content }))).toEqual(files);
        expect(ended).toBe(true);
      },
    );
    await fc.assert(names, { numRuns: 100 });
  });

  it.each([98, 99, 100, 101, 155, 156, 254, 255])('come back at %i bytes a segment', (bytes) => {
    for (const path of [`n/${'x'.repeat(bytes)}`, `n/${'y'.repeat(bytes)}/${'x'.repeat(bytes)}`]) {
      expect(scan([tarOf([{ path, content: Buffer.from('!') }])]).files[0]?.path).toBe(path);
    }
  });
});
