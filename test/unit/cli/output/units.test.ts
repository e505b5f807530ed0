import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
} from '../../../../src/cli/output/units.js';

const KIB = 1024;
const GIB = KIB ** 3;

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [99.9 * KIB, '99.9 KiB'],
    [100 * KIB, '100 KiB'],
    [1023 * KIB, '1023 KiB'],
    [1024 * KIB - 1, '1.0 MiB'],
    [1.5 * GIB, '1.5 GiB'],
    [2n ** 70n, '1024 EiB'],
    [-1023, '-1023 B'],
    [-1.5 * GIB, '-1.5 GiB'],
    [-5_000_000_000n, '-4.7 GiB'],
  ])('%s is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatCount', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [12345678901234567890n, '12,345,678,901,234,567,890'],
  ])('%s is %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [-1, '0.0s'],
    [0.04, '0.0s'],
    [9.94, '9.9s'],
    [9.95, '10s'],
    [59.4, '59s'],
    [59.6, '1m 00s'],
    [3599, '59m 59s'],
    [3600, '1h 00m'],
    [86_399, '23h 59m'],
    [90_000, '1d 1h'],
  ])('%s s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('formatAge', () => {
  const now = new Date('2024-01-15T02:00:00Z');
  it.each([
    ['2024-01-15T01:59:01Z', 'just now'],
    ['2024-01-15T01:59:00Z', '1 min ago'],
    ['2024-01-15T01:00:01Z', '59 min ago'],
    ['2024-01-15T01:00:00Z', '1 h ago'],
    ['2024-01-13T02:00:00Z', '2 days ago'],
    ['2024-01-15T02:05:00Z', 'in 5 min'],
  ])('%s is %s', (then, text) => {
    expect(formatAge(new Date(then), now)).toBe(text);
  });
});
