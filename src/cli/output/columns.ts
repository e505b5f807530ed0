import type { CellValue } from '../../csv.js';
import type { Tone } from './paint.js';
import { clockText } from './zone.js';
import { formatAge, formatBytes, formatCount, formatDuration } from './units.js';

/** One column of an answer in rows. */
export interface Column<Row> {
  /** The heading that people read. */
  title: string;
  /** The heading in CSV: the field's name in the JSON document. */
  name: string;
  /** Exact, for CSV. */
  value(row: Row): CellValue;
  /** For people; without it they get the value. Hostile characters need no care here. */
  show?(row: Row, people: Presentation): string;
  /** Shorter, for a terminal on which the table would not fit with what `show` gives. */
  brief?(row: Row, people: Presentation): string;
  tone?(row: Row): Tone | undefined;
  align?: 'left' | 'right';
  /** On a terminal too narrow for all columns those with the highest number go first. */
  dispensable?: number;
  /**
   * Columns of the terminal that its cells may be cut to, in the middle; `Infinity` for not at all. By
   * default texts may be cut, and what is aligned right (figures) may not.
   */
  least?: number;
  /** A text that people read: as the last column it goes on below itself instead of being cut. */
  wraps?: boolean;
}

/** How figures are shown to people: on a terminal, or in a log that is read later. */
export interface Presentation {
  /** Whether it is read as it comes. */
  onTerminal: boolean;
  bytes(bytes: number | bigint): string;
  count(count: number | bigint): string;
  duration(seconds: number): string;
  /** From RFC 3339. Relative to now on a terminal; as it is elsewhere, where `ago` goes stale. */
  time(rfc3339: string): string;
  /**
   * From RFC 3339, as a clock shows it: `2026-11-29 03:00:00 CET`, in this zone or else that of the
   * reader; in UTC elsewhere than on a terminal.
   */
  clock(rfc3339: string, zone?: string): string;
}

/** `zone`: of the reader; `UTC` where nobody reads it on a terminal. */
export function presentationFor(isTerminal: boolean, now: () => Date, zone = 'UTC'): Presentation {
  return {
    onTerminal: isTerminal,
    bytes: formatBytes,
    count: formatCount,
    duration: formatDuration,
    clock: (text, own) => clockText(text, own ?? zone),
    time: (text) => (isTerminal ? formatAge(new Date(text), now()) : text),
  };
}
