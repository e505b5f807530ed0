import { describe, expect, it } from 'vitest';
import { RefusableKeys, whyRefusable } from '../../../../src/restore/plan/key-classes.js';

describe('a key that MinIO refuses', () => {
  it.each(['a//b', '.', '..', 'a/../b', './a', 'a'.repeat(256), 'é'.repeat(128), 'a/'.repeat(513)])(
    'is told before: %s',
    (key) => {
      expect(whyRefusable(key)).toBeDefined();
    },
  );

  it.each(['a', 'a/b', 'a/', '...', '.a', 'a..b', 'a'.repeat(255), 'a/'.repeat(512)])(
    'is not: %s',
    (key) => {
      expect(whyRefusable(key)).toBeUndefined();
    },
  );

  it('is counted with its like, and some are shown', () => {
    const keys = new RefusableKeys();
    for (let i = 0; i < 5; i++) keys.add('b', `x//${i}`);
    keys.add('b', 'fine');
    const [problem, ...others] = keys.problems();
    expect(others).toEqual([]);
    expect(problem).toContain('5 objects of b (an empty segment)');
    expect(problem).toContain('"x//0", "x//1", "x//2"');
    expect(problem).not.toContain('x//3');
  });
});
