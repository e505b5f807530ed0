import type { Environment } from '../../config/environment.js';

/** The zone of the reader: TZ (`:Zone` too; empty is UTC), else that of the machine. */
export function readersZone({ TZ }: Environment): string {
  if (TZ === undefined) return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zone = TZ.replace(/^:/, '');
  return isZone(zone) ? zone : 'UTC';
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== '';
  } catch {
    return false;
  }
}

/** `2026-11-29 02:00:00 UTC`. What is no time is shown as it is. */
export function clockText(rfc3339: string, zone: string): string {
  const time = new Date(rfc3339);
  if (Number.isNaN(time.getTime())) return rfc3339;
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: zone, timeZoneName: 'short', hourCycle: 'h23' },
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  const parts = Object.fromEntries(
    format.formatToParts(time).map((part) => [part.type, part.value]),
  );
  const { year = '', month = '', day = '', hour = '', minute = '', second = '' } = parts;
  const name = zone === 'UTC' ? 'UTC' : (parts.timeZoneName ?? zone);
  return `${year}-${month}-${day} ${hour}:${minute}:${second} ${name}`;
}
