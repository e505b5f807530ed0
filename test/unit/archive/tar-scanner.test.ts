import fc from 'fast-check';
import { Pax } from 'tar';
import { describe, expect, it } from 'vitest';
import { TarScanner, TarStructureError } from '../../../src/archive/tar-scanner.js';
import { END_OF_TAR, encodeEntryHeader } from '../../../src/archive/tar.js';
import { noise } from '../../helpers/archive-samples.js';
import { headerBlock, scan, tarEntry, tarOf, withChecksum } from '../../helpers/archive-tar.js';

const files = [
  { path: 'n/data/b/empty', content: Buffer.alloc(0) },
  { path: `n/data/b/${'long/'.repeat(40)}é`, content: noise(511) },
  { path: 'n/data/b/full-block', content: noise(512) },
  { path: 'n/data/b/over', content: noise(513) },
];
const tar = tarOf(files);
const extendedHeader = new Pax({ path: 'n/data/b/pax' }).encode();

function complaintOf(...pieces: Buffer[]): string {
  try {
    scan(pieces);
  } catch (error) {
    if (error instanceof TarStructureError) return error.message;
    throw error;
  }
  return 'none';
}

describe('a tar in pieces', () => {
  const whole = scan([tar]);

  it('has each file, where its content begins, and an end', () => {
    expect(whole.files.map(({ path, content }) => ({ path, content }))).toEqual(files);
    expect(whole.ended).toBe(true);
    for (const { contentOffset, content } of whole.files) {
      const slice = tar.subarray(contentOffset, contentOffset + content.length);
      expect(slice.equals(content)).toBe(true);
    }
  });

  it('is the same tar in pieces of one byte', () => {
    expect(scan([...tar].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('is the same tar in pieces of any sizes, empty ones too', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: tar.length }), { maxLength: 30 });
    const property = fc.property(cuts, (offsets) => {
      const borders = [0, ...offsets.sort((a, b) => a - b), tar.length];
      const pieces = borders.slice(1).map((end, n) => tar.subarray(borders[n], end));
      expect(scan(pieces)).toEqual(whole);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('has no end before its second block of zeros', () => {
    expect(scan([tar.subarray(0, -512)]).ended).toBe(false);
  });

  it('tells the size of a file beyond 8 GiB without its bytes', () => {
    const sizes: number[] = [];
    const scanner = new TarScanner({
      entry: (_, sizeBytes) => sizes.push(sizeBytes),
      content: () => undefined,
      entryEnd: () => sizes.push(-1),
    });
    const sizeBytes = 9 * 1024 ** 3 + 1;
    scanner.push(encodeEntryHeader({ path: 'n/data/b/huge', sizeBytes }, new Date(0)));
    scanner.push(noise(1000));
    expect(sizes).toEqual([sizeBytes]);
  });
});

describe('a tar that is none of ours', () => {
  it.each([
    'SymbolicLink',
    'Link',
    'CharacterDevice',
    'BlockDevice',
    'Directory',
    'FIFO',
    'ContiguousFile',
    'GlobalExtendedHeader',
    'NextFileHasLongPath',
    'NextFileHasLongLinkpath',
    'SparseFile',
  ] as const)('is refused for an entry of the type %s', (type) => {
    const block = headerBlock({ type, linkpath: '/etc/passwd' });
    expect(complaintOf(block)).toContain(`an entry of the type ${type}`);
  });

  it('is refused for a file whose name says that it is a folder', () => {
    expect(complaintOf(headerBlock({ type: 'File', path: 'n/data/b/' }))).toContain('Directory');
  });

  it('is refused for two extended headers in a row', () => {
    expect(complaintOf(extendedHeader, extendedHeader)).toBe('two extended headers in a row');
  });

  it('is refused for an extended header without a file', () => {
    expect(complaintOf(extendedHeader, END_OF_TAR)).toBe('an extended header without a file');
  });

  it('is refused for an extended header over 64 kB, and takes one of exactly that', () => {
    const header = (size: number) => headerBlock({ type: 'ExtendedHeader', size });
    expect(complaintOf(header(65_537))).toBe('an extended header that is too long');
    expect(complaintOf(header(65_536), Buffer.alloc(65_536), tar)).toBe('none');
  });

  it('is refused for any flipped bit of a header block, by its checksum', () => {
    const entry = tarEntry({ path: 'n/data/b/a', content: Buffer.alloc(0) });
    for (let bit = 0; bit < 512 * 8; bit++) {
      // The checksum's own field says the same number in several ways: a space for a zero.
      if (bit >> 3 >= 148 && bit >> 3 < 156) continue;
      const flipped = Buffer.from(entry);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(complaintOf(flipped), `bit ${bit}`).not.toBe('none');
    }
  });

  it('is refused for an entry after its end, even after a single block of zeros', () => {
    const complaint = 'an entry after the end of the tar';
    expect(complaintOf(tar, tar)).toBe(complaint);
    expect(complaintOf(END_OF_TAR.subarray(512), tar)).toBe(complaint);
  });

  it('is refused for a padding that hides something', () => {
    const hidden = Buffer.from(tarEntry({ path: 'n/data/b/a', content: noise(511) }));
    hidden[1023] = 1;
    expect(complaintOf(hidden)).toBe('padding is not zero');
    const early = Buffer.from(tarEntry({ path: 'n/data/b/a', content: noise(1) }));
    early[513] = 1;
    expect(complaintOf(early)).toBe('padding is not zero');
  });

  it.each([
    ['below zero', [0xff, ...Array<number>(10).fill(0xff), 0xfb]],
    ['beyond what a number holds', [0x80, ...Array<number>(11).fill(0xff)]],
    ['in a base that nobody knows', [0xc1, ...Array<number>(11).fill(1)]],
    ['that is not a number', [...Buffer.from('zzzzzzzzzzz\0')]],
  ])('is refused for a size %s', (_, size) => {
    const block = headerBlock({ type: 'File' });
    block.set(size, 124);
    expect(complaintOf(withChecksum(block))).not.toBe('none');
  });

  it('is refused for an extended size that is not a whole number', () => {
    for (const size of ['1.5', 'Infinity', '1e300']) {
      const record = ` size=${size}\n`;
      const body = `${record.length + 2}${record}`.padEnd(512, '\0');
      const length = record.length + 2;
      const block = headerBlock({ type: 'ExtendedHeader', size: length });
      const file = headerBlock({ type: 'File' });
      expect(complaintOf(block, Buffer.from(body), file)).toBe('an entry without a valid size');
    }
  });
});

describe('a scanner that was reset', () => {
  it('goes on at a boundary with the offset that it is given', () => {
    const found: [string, number][] = [];
    const scanner = new TarScanner({
      entry: (path, _, contentOffset) => found.push([path, contentOffset]),
      content: () => undefined,
      entryEnd: () => undefined,
    });
    scanner.push(tar.subarray(0, 700));
    scanner.reset(10_000);
    scanner.push(tarEntry({ path: 'n/data/b/next', content: noise(3) }));
    expect(found.at(-1)).toEqual(['n/data/b/next', 10_512]);
  });
});
