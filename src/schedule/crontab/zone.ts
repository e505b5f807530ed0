/** Time zones of the IANA database, through Intl. Times are in ms; a local time is given as if in UTC. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether a zone of that name exists. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns the zone that a value of TZ names, as glibc reads it: an empty one is UTC, a colon in front
 * means nothing, and a file below `zoneinfo` is a zone. `undefined` for a rule of POSIX (`CET-1CEST`)
 * and for a zone that does not exist.
 */
export function zoneOfTz(tz: string): string | undefined {
  const name = tz.replace(/^:/, '').replace(/^\/.*\/zoneinfo\/(?:posix\/)?/, '');
  if (name === '') return 'UTC';
  return isZone(name) ? name : undefined;
}

/** Returns the offset of the zone from UTC at an instant, in ms. */
export function offsetAt(zone: string, atMs: number): number {
  if (zone === 'UTC') return 0;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatOf(zone).formatToParts(atMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wholeMs = Math.floor(atMs / 1000) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
}

const DAY_MS = 86_400_000;

/**
 * Returns the instants at which clocks in the zone show this local time, in rising order: one as a rule,
 * two where clocks are put back over it, none where they are put forward over it.
 */
export function instantsOf(zone: string, localMs: number): number[] {
  const offsets = new Set([offsetAt(zone, localMs - DAY_MS), offsetAt(zone, localMs + DAY_MS)]);
  return [...offsets]
    .map((offset) => localMs - offset)
    .filter((instant) => instant + offsetAt(zone, instant) === localMs)
    .sort((a, b) => a - b);
}

/** Returns the instant at which clocks are put forward over a local time that does not exist. */
export function endOfGap(zone: string, localMs: number): number {
  let [before, after] = [localMs - DAY_MS, localMs + DAY_MS];
  const offset = offsetAt(zone, before);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(zone, middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23', era: undefined },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formats.set(zone, format);
  }
  return format;
}
