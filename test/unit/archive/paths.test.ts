import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PathAllocator,
  hashedPath,
  isSafePath,
  isSafeSegment,
} from '../../../src/archive/paths.js';
import { compareKeys } from '../../../src/key-order.js';

describe('a key that can be a file name', () => {
  it.each([
    'a',
    'a/b/c',
    '...',
    '.hidden',
    'a..b/..c',
    'with space',
    ' ',
    'é\u{1f600}',
    '-rf',
    'a.mangamotion-keys',
    'sub/.mangamotion-keys/x',
    'x'.repeat(255),
    `${'x'.repeat(255)}/${'y'.repeat(255)}`,
    'é'.repeat(127),
  ])('is kept: %j', (key) => {
    expect(isSafePath(key)).toBe(true);
    expect(new PathAllocator().pathFor('b', key)).toBe(`data/b/${key}`);
  });
});

describe('a key that cannot be a file name', () => {
  it.each([
    '',
    '.',
    '..',
    '/',
    '//',
    'a/../b',
    'a/./b',
    '../a',
    'a/..',
    '/a',
    'a/',
    'a//b',
    'x'.repeat(256),
    `a/${'x'.repeat(256)}/b`,
    'é'.repeat(128),
    'a\u0000b',
    'a\nb',
    'a\u001fb',
    'a\u007fb',
    'a\u009fb',
    'a\\b',
    '\ud800',
    'a\udfffb',
    '.mangamotion-keys',
    '.mangamotion-keys/x',
    hashedPath('a'),
    // Another name of the same folder, to a file system that folds case or decomposes.
    '.MangaMotion-Keys/x',
    '.mangamotion-\u212aeys/x',
    '.mangamotion-\u200dkeys',
    '.\u200d./.\u200d./x',
    'a/\ufeff.\u200b./x',
    'a/\u200d/x',
  ])('lies under its hash: %j', (key) => {
    expect(isSafePath(key)).toBe(false);
    const digest = createHash('sha256').update(key).digest('hex');
    expect(new PathAllocator().pathFor('b', key)).toBe(`data/b/.mangamotion-keys/${digest}`);
  });
});

describe('the name of a bucket', () => {
  it.each(['', '.', '..', 'a/b', 'a\\b', 'a\nb', 'x'.repeat(256)])('is refused: %j', (name) => {
    expect(isSafeSegment(name)).toBe(false);
  });

  it.each(['a', '...', 'my.bucket-1', 'x'.repeat(255)])('is taken: %j', (name) => {
    expect(isSafeSegment(name)).toBe(true);
  });
});

/** The paths of the keys of one bucket, which are put in order first. */
function pathsOf(keys: readonly string[]): Map<string, string> {
  const allocator = new PathAllocator();
  const sorted = [...new Set(keys)].sort(compareKeys);
  return new Map(sorted.map((key) => [key, allocator.pathFor('b', key)]));
}

describe('keys of which one would be the folder of another', () => {
  it('keep the first name and hash what is below, with others between them', () => {
    const paths = pathsOf(['a', 'a!', 'a!/x', 'a-b', 'a/b', 'a/b/c', 'a0', 'ab/c']);
    expect([...paths]).toEqual([
      ['a', 'data/b/a'],
      ['a!', 'data/b/a!'],
      ['a!/x', `data/b/${hashedPath('a!/x')}`],
      ['a-b', 'data/b/a-b'],
      ['a/b', `data/b/${hashedPath('a/b')}`],
      ['a/b/c', `data/b/${hashedPath('a/b/c')}`],
      ['a0', 'data/b/a0'],
      ['ab/c', 'data/b/ab/c'],
    ]);
  });

  it('do not mind a folder marker: "a/" has no file name, so "a/b" keeps its own', () => {
    const paths = pathsOf(['a/', 'a/b', 'a/b/', 'a/b/c']);
    expect(paths.get('a/')).toBe(`data/b/${hashedPath('a/')}`);
    expect(paths.get('a/b')).toBe('data/b/a/b');
    expect(paths.get('a/b/c')).toBe(`data/b/${hashedPath('a/b/c')}`);
  });

  it('do not count across buckets', () => {
    const allocator = new PathAllocator();
    expect(allocator.pathFor('one', 'a')).toBe('data/one/a');
    expect(allocator.pathFor('two', 'a/b')).toBe('data/two/a/b');
  });

  it('get the same path when they come again, after an attempt that was given up', () => {
    const allocator = new PathAllocator();
    for (const key of ['a', 'a', 'a/b', 'a/b']) {
      const path = key === 'a' ? 'a' : hashedPath(key);
      expect(allocator.pathFor('b', key)).toBe(`data/b/${path}`);
    }
  });
});

describe('the paths of any set of keys', () => {
  const segment = fc.constantFrom(
    'a',
    'b',
    'a!',
    'a-',
    '.',
    '..',
    '',
    '\u{1f600}',
    '\uff5e',
    'a\\',
  );
  const ownFolder = fc.constantFrom('.mangamotion-keys', hashedPath('a/a'), hashedPath('/'));
  const key = fc
    .array(fc.oneof({ weight: 12, arbitrary: segment }, ownFolder), { minLength: 1, maxLength: 4 })
    .map((segments) => segments.join('/'));

  it('are all different, none below another, and none outside the folder of the bucket', () => {
    const sets = fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
      const paths = pathsOf(keys);
      const taken = new Set(paths.values());
      expect(taken.size).toBe(paths.size);
      for (const path of taken) {
        const segments = path.split('/');
        expect(segments.slice(0, 2)).toEqual(['data', 'b']);
        expect(segments.slice(2).every((name) => isSafeSegment(name))).toBe(true);
        for (let n = 3; n < segments.length; n++) {
          expect(taken.has(segments.slice(0, n).join('/'))).toBe(false);
        }
      }
    });
    fc.assert(sets, { numRuns: 400 });
  });
});
