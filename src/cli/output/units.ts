import { countOf } from '../../count-of.js';

export { countOf, formatCount } from '../../count-of.js';
export { formatBytes } from '../../format-bytes.js';

/** Two units at most: `0.4s`, `42s`, `3m 20s`, `2h 05m`, `3d 4h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${Math.max(0, seconds).toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${pad(whole % 60)}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** How long ago, in one unit: `just now`, `5 min ago`, `3 h ago`, `2 days ago`, `in 5 min`. */
export function formatAge(then: Date, now: Date): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  const amount = ageAmount(Math.abs(seconds));
  if (amount === undefined) return 'just now';
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

function ageAmount(seconds: number): string | undefined {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return undefined;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return countOf(Math.floor(hours / 24), 'day');
}

function pad(value: number): string {
  return value.toString().padStart(2, '0');
}
