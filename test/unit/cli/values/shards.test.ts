import { describe, expect, it } from 'vitest';
import { parseRunName, parseShare } from '../../../../src/cli/values/shards.js';

const usage = expect.objectContaining({ code: 'usage' }) as Error;

describe('the name of a run', () => {
  it.each(['night', '2026-11-30', 'a', '7', 'a.b_c:d@e-f', 'x'.repeat(200)])(
    'may be %s',
    (name) => {
      expect(parseRunName(name)).toBe(name);
    },
  );

  it.each(['', '.', '..', '-', '__', 'x'.repeat(201), '../x', 'a b', 'a\nb', 'ü', '🌙'])(
    'is not %j',
    (name) => {
      expect(() => parseRunName(name)).toThrow(usage);
    },
  );
});

describe('a share', () => {
  it.each([
    ['3/16', { index: 3, of: 16 }],
    ['1/1', { index: 1, of: 1 }],
    ['0+1/16', { index: 1, of: 16 }],
    ['10000/10000', { index: 10_000, of: 10_000 }],
  ])('may be %s', (text, share) => {
    expect(parseShare(text)).toEqual(share);
  });

  it.each([
    '',
    '3',
    '0/3',
    '4/3',
    '1/0',
    '3+1/3',
    '-1/3',
    '1/10001',
    '1/3 ',
    '01/3',
    'a/b',
    '1.5/3',
  ])('is not %j', (text) => {
    expect(() => parseShare(text)).toThrow(usage);
  });
});
