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
  const withChunks = (...chunks: Directory['chunks']) => ({
    ...directory,
    chunks,
    objects: chunks.length,
    bytes: 3 * chunks.length,
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
    ['with more objects than it says', { ...withChunks(chunk), objects: 0 }],
    ['with other bytes than it says', { ...withChunks(chunk), bytes: 4 }],
  ])('is refused with chunks %s', (_, wrong) => {
    expect(() => decodeDirectory(bytesOf(wrong))).toThrow(SyntaxError);
  });
});
