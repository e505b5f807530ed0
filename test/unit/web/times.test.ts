import { describe, expect, it } from 'vitest';
import {
  agoText,
  clockText,
  durationText,
  limitText,
  minuteText,
  spanText,
  utcText,
} from '../../../src/web/text/times.js';

const time = new Date('2026-11-24T14:31:40Z');
const before = (seconds: number) => new Date(time.getTime() - seconds * 1000);

describe('durations', () => {
  it.each([
    [0, '0.0 s'],
    [-3, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 m 00 s'],
    [212, '3 m 32 s'],
    [4800, '1 h 20 m'],
    [86_399, '23 h 59 m'],
    [100_000, '1 d 3 h'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it.each([
    [-1, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [89 * 60 + 59, '89 min'],
    [90 * 60, '1 h 30 m'],
    [7260, '2 h 01 m'],
    [26 * 3600, '26 h'],
    [41 * 86_400, '41 d'],
  ])('a span of %d seconds is %s', (seconds, text) => {
    expect(spanText(seconds)).toBe(text);
  });
});

describe('times', () => {
  it('are told from now, in both directions', () => {
    expect(agoText(before(1), time)).toBe('just now');
    expect(agoText(before(27), time)).toBe('27 s ago');
    expect(agoText(before(-600), time)).toBe('in 10 min');
  });

  it('are absolute in UTC', () => {
    expect(utcText(time)).toBe('2026-11-24 14:31:40 UTC');
    expect(clockText(time)).toBe('14:31:40');
    expect(minuteText(time)).toBe('14:31');
  });
});

it.each([
  [45, '45 s'],
  [1800, '30 min'],
  [5000, '83 min'],
  [7200, '2 h'],
  [93_600, '26 h'],
  [30 * 86_400, '30 d'],
])('tells a limit of %d s as %s', (seconds, text) => expect(limitText(seconds)).toBe(text));
