import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ChunkBoundary } from '../../../src/archive/chunking.js';
import { type ObjectRecord, encodeIndexLine } from '../../../src/archive/index-line.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

function record(key: string, rest: Partial<ObjectRecord> = {}): ObjectRecord {
  return {
    bucket: 'originals',
    key,
    size: 1000,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    last_modified: '2024-01-14T12:34:56.000Z',
    sha256: 'ab'.repeat(32),
    ...rest,
  };
}

function endsByHash(key: string): boolean {
  return crc32(`originals\0${key}`) % 8192 === 0;
}

function numbered(count: number, prefix = 'page-'): string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}${String(n).padStart(7, '0')}`);
}

/** The keys at which chunks end. */
function endsOf(records: Iterable<ObjectRecord>): string[] {
  const boundary = new ChunkBoundary();
  return [...records].filter((one) => boundary.endsWith(one)).map(({ key }) => key);
}

/** Numbered keys of which none ends a chunk by its hash. */
function quietKeys(count: number, prefix?: string): string[] {
  return numbered(count + 64, prefix)
    .filter((key) => !endsByHash(key))
    .slice(0, count);
}

describe('the end of a chunk', () => {
  const keys = numbered(60_000);

  it('comes at each key whose hash says so, about one in 8,192', () => {
    const ends = new Set(endsOf(keys.map((key) => record(key))));
    const hashed = keys.filter((key) => endsByHash(key));
    expect(hashed.length).toBeGreaterThan(2);
    for (const key of hashed) expect(ends.has(key)).toBe(true);
  });

  it('does not depend on what came before the last hash', () => {
    const all = endsOf(keys.map((key) => record(key)));
    const from = keys.findIndex((key) => endsByHash(key)) + 1;
    const later = endsOf(keys.slice(from).map((key) => record(key)));
    expect(later.length).toBeGreaterThan(1);
    expect(all.slice(-later.length)).toEqual(later);
  });

  it('comes with the object that reaches 1 GiB, and not a byte before', () => {
    const [first, second, third] = quietKeys(3);
    const sizes = (size: number) => [
      record(first!, { size }),
      record(second!, { size: GIB / 2 }),
      record(third!, { size: GIB - 1 }),
    ];
    expect(endsOf(sizes(GIB / 2))).toEqual([second]);
    expect(endsOf(sizes(GIB / 2 - 1))).toEqual([third]);
    expect(endsOf([record(first!, { size: 9 * GIB }), record(second!)])).toEqual([first]);
  });

  it.each([
    ['short keys', record('')],
    ['long keys', record('x'.repeat(900))],
    ['much metadata', record('', { metadata: { text: 'x'.repeat(1900), raw: 'é'.repeat(50) } })],
    [
      'many tags',
      record('', { tags: 'a b c d e f g h i j'.split(' ').map((key) => ({ key, value: key })) }),
    ],
  ])('comes before 4 MiB of lines: %s', (_, { key: prefix, ...rest }) => {
    const boundary = new ChunkBoundary();
    let lineBytes = 0;
    let longest = 0;
    for (const key of quietKeys(12_000, prefix)) {
      const one = { ...rest, key, size: 0 };
      const place = { archive: 'minio_backup_full_20240115_020000', offset: 1e11, length: 1e6 };
      const path = `${place.archive}/data/originals/${key}`;
      lineBytes += encodeIndexLine({ ...one, ...place, path, inner: 1e6 }).length;
      const ends = boundary.endsWith(one);
      longest = Math.max(longest, lineBytes);
      if (ends) lineBytes = 0;
    }
    expect(longest).toBeLessThanOrEqual(4 * MIB);
    // Nor far too early: an estimate, but one of use.
    expect(longest).toBeGreaterThan(2 * MIB);
  });
});
