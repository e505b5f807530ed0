import { countOf } from '../../count-of.js';

export { countOf, formatCount } from '../../count-of.js';

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `0 B`, `1023 B`, `1.0 KiB`, `9.9 GiB`, `210 GiB`, `-4.7 GiB`. */
export function formatBytes(bytes: number | bigint): string {
  if (bytes < 0) return `-${formatBytes(-bytes)}`;
  let value = Number(bytes);
  let unit = 0;
  // 1023.5 would be shown as 1024 of the smaller unit.
  while (value >= (unit === 0 ? 1024 : 1023.5) && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? 'B'}`;
}

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
