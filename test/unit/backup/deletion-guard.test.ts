import { describe, expect, it } from 'vitest';
import { findSuspicious } from '../../../src/backup/deletion-guard.js';

const suspicious = (before: number, deleted: number): boolean =>
  findSuspicious(new Map([['bucket', { before, deleted }]])).length === 1;

describe('deletions are suspicious', () => {
  it.each([
    [100, 25, false],
    [100, 26, true],
    [99, 26, false],
    [99, 98, false],
    [99, 99, true],
    [1, 1, true],
    [1, 0, false],
    [0, 0, false],
    [1000, 250, false],
    [1001, 251, true],
  ])('where of %i objects %i are gone: %s', (before, deleted, expected) => {
    expect(suspicious(before, deleted)).toBe(expected);
  });

  it('bucket by bucket, in the order of their names', () => {
    const found = findSuspicious(
      new Map([
        ['b', { before: 200, deleted: 100 }],
        ['a', { before: 2, deleted: 2 }],
        ['c', { before: 10_000, deleted: 10 }],
      ]),
    );
    expect(found).toEqual([
      { bucket: 'a', before: 2, deleted: 2 },
      { bucket: 'b', before: 200, deleted: 100 },
    ]);
  });
});
