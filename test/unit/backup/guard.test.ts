import { describe, expect, it } from 'vitest';
import {
  type BucketChanges,
  ChangeCounts,
  type GuardOptions,
  changesByCounts,
  deletedIn,
  findSuspicious,
  notableChanges,
} from '../../../src/backup/guard.js';
import { STRICT_GUARD } from '../../../src/backup/plan/backup-plan.js';

const changesOf = (counts: Partial<BucketChanges>, bucket = 'bucket') =>
  new Map([[bucket, { before: 0, deleted: 0, changed: 0, wiped: 0, ...counts }]]);

const suspicious = (counts: Partial<BucketChanges>, options: Partial<GuardOptions> = {}): boolean =>
  findSuspicious(changesOf(counts), { ...STRICT_GUARD, ...options }).length === 1;

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
    expect(suspicious({ before, deleted })).toBe(expected);
    expect(suspicious({ before, deleted }, { acceptDeletions: true })).toBe(false);
  });

  it('only beyond what is expected of the bucket', () => {
    const expecting = (percent: number) => ({ expectDeletions: new Map([['bucket', percent]]) });
    expect(suspicious({ before: 100, deleted: 60 }, expecting(60))).toBe(false);
    expect(suspicious({ before: 100, deleted: 61 }, expecting(60))).toBe(true);
    expect(suspicious({ before: 9, deleted: 9 }, expecting(60))).toBe(true);
    expect(suspicious({ before: 100, deleted: 100 }, expecting(100))).toBe(false);
    expect(
      suspicious({ before: 100, deleted: 60 }, { expectDeletions: new Map([['b', 100]]) }),
    ).toBe(true);
  });

  it('bucket by bucket, in the order of their names', () => {
    const found = findSuspicious(
      new Map([
        ...changesOf({ before: 200, deleted: 100 }, 'b'),
        ...changesOf({ before: 2, deleted: 2 }, 'a'),
        ...changesOf({ before: 10_000, deleted: 10 }, 'c'),
      ]),
      STRICT_GUARD,
    );
    expect(found).toEqual([
      { bucket: 'a', before: 2, deleted: 2 },
      { bucket: 'b', before: 200, deleted: 100 },
    ]);
  });
});

describe('contents that were wiped in place', () => {
  it.each([
    [100, 25, false],
    [100, 26, true],
    [99, 99, false],
  ])('are suspicious where of %i objects %i are: %s', (before, wiped, expected) => {
    const counts = { before, wiped, changed: wiped };
    expect(suspicious(counts)).toBe(expected);
    expect(suspicious(counts, { acceptDeletions: true })).toBe(expected);
    expect(suspicious(counts, { acceptChanges: true })).toBe(false);
  });

  it('are those that are empty now, or all of one size and one ETag', () => {
    const counts = new ChangeCounts();
    counts.kept('a', 70);
    for (let i = 0; i < 10; i++) counts.changed('a', { sizeBytes: 0, etag: `e${i}` });
    for (let i = 0; i < 20; i++) counts.changed('a', { sizeBytes: 7, etag: 'same' });
    for (let i = 0; i < 5; i++) counts.changed('a', { sizeBytes: 7, etag: `other ${i}` });
    counts.deleted('a');
    expect(counts.byBucket().get('a')).toEqual({ before: 106, deleted: 1, changed: 35, wiped: 20 });
  });

  it('are found among any number of others, without remembering them all', () => {
    const counts = new ChangeCounts();
    for (let i = 0; i < 100_000; i++) {
      counts.changed('a', { sizeBytes: 7, etag: i % 3 === 0 ? 'ransom' : `etag ${i}` });
    }
    const wiped = counts.byBucket().get('a')?.wiped ?? 0;
    expect(wiped).toBeGreaterThanOrEqual(33_334);
    expect(wiped).toBeLessThan(33_434);
  });
});

describe('what the guard says besides', () => {
  it('is a notice where over half of a bucket was replaced', () => {
    expect(notableChanges(changesOf({ before: 10, changed: 5 }))).toEqual([]);
    expect(notableChanges(changesOf({ before: 10, changed: 6 }))).toEqual([
      '6 of 10 objects of bucket have changed since the last trusted backup',
    ]);
  });

  it('is told by the counts of summaries where no index can be read', () => {
    const before = [
      { name: 'a', objects: 100 },
      { name: 'b', objects: 3 },
      { name: 'c', objects: 5 },
    ];
    const changes = changesByCounts(before, [
      { name: 'a', objects: 70 },
      { name: 'c', objects: 9 },
    ]);
    expect(deletedIn(changes)).toBe(33);
    expect(findSuspicious(changes, STRICT_GUARD).map(({ bucket }) => bucket)).toEqual(['a', 'b']);
  });
});
