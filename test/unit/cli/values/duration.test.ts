import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../../src/cli/values/duration.js';

describe('parseDuration', () => {
  it.each([
    ['1s', 1000],
    ['90s', 90_000],
    ['90m', 5_400_000],
    ['26h', 93_600_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
    ['1d12h', 129_600_000],
    ['0d5s', 5000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '26',
    'h',
    '26 h',
    '-1h',
    '1.5h',
    '26H',
    '1y',
    '0h',
    '0d0s',
    '26h!',
    '١h',
    '9999999h',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringMatching(/^must be/) as unknown,
      }),
    );
  });
});
