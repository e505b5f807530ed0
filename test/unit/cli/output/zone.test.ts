import { describe, expect, it } from 'vitest';
import { presentationFor } from '../../../../src/cli/output/columns.js';
import { clockText, readersZone } from '../../../../src/cli/output/zone.js';

describe('the zone of the reader', () => {
  it.each([
    ['Europe/Berlin', 'Europe/Berlin'],
    [':Europe/Berlin', 'Europe/Berlin'],
    ['', 'UTC'],
    ['Nowhere/Else', 'UTC'],
  ])('is TZ: %j', (TZ, zone) => {
    expect(readersZone({ TZ })).toBe(zone);
  });
});

describe('a time as a clock shows it', () => {
  it.each([
    ['2026-11-29T02:00:00.000Z', 'UTC', '2026-11-29 02:00:00 UTC'],
    ['2026-11-29T23:30:00Z', 'Europe/Berlin', '2026-11-30 00:30:00 CET'],
    ['2026-07-01T00:00:00Z', 'Europe/Berlin', '2026-07-01 02:00:00 CEST'],
    ['unknown', 'UTC', 'unknown'],
  ])('%s in %s', (time, zone, expected) => {
    expect(clockText(time, zone)).toBe(expected);
  });

  it('can have a zone of its own', () => {
    const people = presentationFor(true, () => new Date(0), 'Asia/Tokyo');
    expect(people.clock('2026-11-29T02:00:00Z')).toBe('2026-11-29 11:00:00 GMT+9');
    expect(people.clock('2026-11-29T02:00:00Z', 'UTC')).toBe('2026-11-29 02:00:00 UTC');
  });
});
