import type { Column } from '../../output/columns.js';
import { clockText } from '../../output/zone.js';

interface ZoneColumnOptions {
  /** The zone of the other times in the table. */
  readersZone: string;
  /** How dispensable the column of the entry's time is. */
  goesWith?: number;
}

/**
 * The column of the entries' own zones; none where all are the reader's, which its times name. Where clocks
 * there show something else than the reader sees, it has that too: `03:30 Europe/Berlin`. `timeOf` returns
 * RFC 3339.
 */
export function zoneColumns<Row extends { zone?: string | undefined }>(
  rows: readonly Row[],
  timeOf: (row: Row) => string | null,
  { readersZone, goesWith = 0 }: ZoneColumnOptions,
): Column<Row>[] {
  if (rows.every(({ zone = readersZone }) => zone === readersZone)) return [];
  return [
    {
      title: 'zone',
      name: 'zone',
      value: ({ zone }) => zone,
      show: (row) => zoneText(timeOf(row), row.zone, readersZone),
      least: 16,
      dispensable: goesWith,
    },
  ];
}

function zoneText(time: string | null, zone: string | undefined, readersZone: string): string {
  if (time === null || zone === undefined) return zone ?? '';
  const [day = '', clock = ''] = clockText(time, zone).split(' ');
  const [readersDay, readersClock] = clockText(time, readersZone).split(' ');
  if (day === readersDay && clock === readersClock) return zone;
  const shown = clock.replace(/:00$/, '');
  return day === readersDay ? `${shown} ${zone}` : `${day.slice(5)} ${shown} ${zone}`;
}
