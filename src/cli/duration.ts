import { MangamotionError } from '../errors.js';

const SECONDS_OF: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};

/**
 * Milliseconds of `90s`, `30m`, `26h`, `7d` or `2w`; also of several, `1d12h`. A day has 24 hours.
 * Throws `usage` (`must be …`, for the parser to complete) for anything else, and for no time at all.
 */
export function parseDuration(text: string): number {
  const isDuration = /^(\d{1,6}[smhdw])+$/.test(text);
  const seconds = isDuration
    ? [...text.matchAll(/(\d+)(.)/g)].reduce(
        (sum, [, count, unit = '']) => sum + Number(count) * (SECONDS_OF[unit] ?? 0),
        0,
      )
    : 0;
  if (seconds > 0) return seconds * 1000;
  throw new MangamotionError('usage', 'must be a duration such as 90s, 30m, 26h or 7d');
}
