import { describe, expect, it } from 'vitest';
import {
  type Directory,
  decodeDirectory,
  encodeDirectory,
} from '../../../src/archive/directory.js';

const name = { bucket: 'b', key: '\u{1f600}' };
const directory: Directory = {
  format: 1,
  archive: 'n',
  objects: 1,
  bytes: 3,
  buckets: [{ name: 'b', created_at: null, region: 'eu-1', objects: 1, bytes: 3 }],
  documents: [
    { path: 'n/a.json', offset: 0, length: 9, inner: 512, size: 2, sha256: 'ab'.repeat(32) },
  ],
  chunks: [
    {
      archive: 'n',
      offset: 9,
      length: 99,
      size: 300,
      sha256: 'cd'.repeat(32),
      first: name,
      last: name,
      objects: 1,
      bytes: 3,
    },
  ],
};

const bytesOf = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('the directory', () => {
  it('gives back what it was made of', () => {
    expect(decodeDirectory(encodeDirectory(directory))).toEqual(directory);
  });

  it('is not written where no reader would take it', () => {
    const [bucket] = directory.buckets;
    const many = { ...directory, buckets: Array.from({ length: 100_001 }, () => bucket!) };
    expect(() => encodeDirectory(many)).toThrow(/100,001 buckets .* would be too large to be read/);
  });

  it.each(['', 'null', '[]', '{}', '{', '\u0000'])('is refused when it is %j', (malformed) => {
    expect(() => decodeDirectory(Buffer.from(malformed))).toThrow(SyntaxError);
  });

  it.each(Object.keys(directory))('is refused without its %s, which is named', (field) => {
    expect(() => decodeDirectory(bytesOf({ ...directory, [field]: undefined }))).toThrow(field);
  });

  it.each([
    ['format', { format: 2 }],
    ['objects', { objects: -1 }],
    ['bytes', { bytes: 0.5 }],
    ['chunks.0.offset', { chunks: [{ ...directory.chunks[0], offset: -1 }] }],
    ['chunks.0.length', { chunks: [{ ...directory.chunks[0], length: 2 ** 53 }] }],
    ['chunks.0.sha256', { chunks: [{ ...directory.chunks[0], sha256: 'AB'.repeat(32) }] }],
    ['chunks.0.first', { chunks: [{ ...directory.chunks[0], first: 'b/a' }] }],
    ['chunks.0.last.key', { chunks: [{ ...directory.chunks[0], last: { bucket: 'b' } }] }],
    ['documents.0.inner', { documents: [{ ...directory.documents[0], inner: '512' }] }],
    ['documents.0.path', { documents: [{ ...directory.documents[0], path: null }] }],
    ['buckets.0.created_at', { buckets: [{ ...directory.buckets[0], created_at: 1 }] }],
    ['buckets.0.name', { buckets: [{ ...directory.buckets[0], name: undefined }] }],
  ])('is refused for a wrong %s, which is named', (place, wrong) => {
    expect(() => decodeDirectory(bytesOf({ ...directory, ...wrong }))).toThrow(place);
  });

  const chunk = directory.chunks[0]!;
  const at = (first: string, last: string) => ({
    ...chunk,
    first: { bucket: 'b', key: first },
    last: { bucket: 'b', key: last },
  });
  const withChunks = (...chunks: Directory['chunks']) => {
    const counts = { objects: chunks.length, bytes: 3 * chunks.length };
    const placed = chunks.map((one, i) => ({ ...one, offset: one.offset + i * one.length }));
    const buckets = [{ ...directory.buckets[0]!, ...counts }];
    return { ...directory, chunks: placed, buckets, ...counts };
  };

  const inBucket = (bucket: string) => ({
    ...chunk,
    first: { bucket, key: 'a' },
    last: { bucket, key: 'a' },
  });
  const placedAt = (length: number, next: number) => {
    const { chunks, ...rest } = withChunks(at('a', 'b'), at('c', 'd'));
    const places = [
      { offset: 0, length },
      { offset: next, length },
    ];
    return { ...rest, chunks: chunks.map((one, i) => ({ ...one, ...places[i] })) };
  };
  const withFiles = (...paths: string[]) => {
    const { chunks, ...rest } = withChunks(at('a', 'b'), at('c', 'd'));
    return { ...rest, chunks: chunks.map((one, i) => ({ ...one, offset: 0, path: paths[i]! })) };
  };
  const withBucket = (lie: Partial<Directory['buckets'][number]>) => ({
    ...directory,
    buckets: [{ ...directory.buckets[0]!, ...lie }],
  });
  const withBuckets = (first: string, second: string) => ({
    ...directory,
    buckets: [
      { ...directory.buckets[0]!, name: first },
      { ...directory.buckets[0]!, name: second, objects: 0, bytes: 0 },
    ],
  });

  it('takes chunks with files of their own, and places that touch', () => {
    const files = withFiles('n/index/00000.ndjson', 'n/index/00001.ndjson');
    expect(decodeDirectory(bytesOf(files))).toEqual(files);
    expect(decodeDirectory(bytesOf(placedAt(100, 100)))).toEqual(placedAt(100, 100));
  });

  it('takes chunks that follow one another, in the order of UTF-8', () => {
    const follows = withChunks(at('a', 'b'), at('c', '\uff5e'), at('\u{1f600}', '\u{1f600}'));
    expect(decodeDirectory(bytesOf(follows))).toEqual(follows);
    expect(decodeDirectory(bytesOf(withChunks()))).toEqual(withChunks());
  });

  it.each([
    ['out of order', withChunks(at('c', 'd'), at('a', 'b'))],
    ['that overlap', withChunks(at('a', 'c'), at('b', 'd'))],
    ['that share a key', withChunks(at('a', 'b'), at('b', 'c'))],
    ['that end before they begin', withChunks(at('b', 'a'))],
    ['that overlap in the archive', placedAt(100, 99)],
    ['that share a file', withFiles('n/index/00000.ndjson', 'n/index/00000.ndjson')],
    ['of a bucket that it does not have', withChunks(inBucket('c'))],
    [
      'that end in a bucket that it does not have',
      withChunks({ ...chunk, last: inBucket('c').last }),
    ],
    ['and fewer objects in its buckets', withBucket({ objects: 0 })],
    ['and other bytes in its buckets', withBucket({ bytes: 4 })],
    ['and a bucket that is there twice', withBuckets('b', 'b')],
    ['and a bucket that has no name', withBuckets('b', '')],
    ['and a bucket that leads elsewhere', withBuckets('b', '../b')],
    ['with more objects than it says', { ...withChunks(chunk), objects: 0 }],
    ['with other bytes than it says', { ...withChunks(chunk), bytes: 4 }],
  ])('is refused with chunks %s', (_, wrong) => {
    expect(() => decodeDirectory(bytesOf(wrong))).toThrow(SyntaxError);
  });
});
