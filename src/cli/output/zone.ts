import type { Environment } from '../../config/environment.js';
import { zoneOfTz } from '../../schedule/crontab/zone.js';

/** The zone of the reader: that of TZ, read as the schedule reads it, else that of the machine. */
export function readersZone({ TZ }: Environment): string {
  if (TZ === undefined) return new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zoneOfTz(TZ) ?? 'UTC';
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
