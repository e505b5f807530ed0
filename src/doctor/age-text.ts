import { countOf } from '../count-of.js';

const HOUR = 3600;
const DAY = 24 * HOUR;

/** An age in words, by its largest unit that says enough: `3 days`, `26 hours`, `5 minutes`. */
export function ageText(seconds: number): string {
  if (seconds >= 2 * DAY) return countOf(Math.floor(seconds / DAY), 'day');
  if (seconds >= 2 * HOUR) return countOf(Math.floor(seconds / HOUR), 'hour');
  return countOf(Math.max(0, Math.floor(seconds / 60)), 'minute');
}
