import stringWidth from 'string-width';
import { formatBytes, formatCount, formatDuration } from './units.js';

/** How far a piece of work has come. Absent totals are not known (yet). */
export interface ProgressCounts {
  objects: number;
  objectsTotal?: number | undefined;
  bytes: number;
  bytesTotal?: number | undefined;
}

export interface ProgressState {
  label: string;
  counts: ProgressCounts;
  bytesPerSecond: number;
}

/** In the order in which they are read. */
const PARTS = ['label', 'percent', 'objects', 'bytes', 'rate', 'left'] as const;
type Part = (typeof PARTS)[number];

const LEAST_IMPORTANT_FIRST: readonly Part[] = [
  'objects',
  'rate',
  'left',
  'bytes',
  'percent',
  'label',
];

/** A remainder of seconds that says nothing is better left out. */
const MAX_SECONDS_LEFT = 30 * 24 * 3600;

/**
 * One line that is never wider than `width`: where it would be, what matters least goes
 * first.
 */
export function progressLine(state: ProgressState, width: number): string {
  const parts = progressParts(state);
  for (const dropped of LEAST_IMPORTANT_FIRST.map((_, count) =>
    LEAST_IMPORTANT_FIRST.slice(0, count),
  )) {
    const kept = PARTS.filter((name) => !dropped.includes(name)).map((name) => parts[name]);
    const line = kept.filter((text) => text !== '').join('  ');
    if (stringWidth(line) <= width) return line;
  }
  return cut(state.label, width);
}

/** The same for a log: all of it, with commas. */
export function progressSentence(state: ProgressState): string {
  const parts = progressParts(state);
  const facts = PARTS.filter((name) => name !== 'label' && parts[name] !== '');
  return `${parts.label}: ${facts.map((name) => parts[name]).join(', ')}`;
}

function progressParts({ label, counts, bytesPerSecond }: ProgressState): Record<Part, string> {
  const { objects, objectsTotal, bytes, bytesTotal } = counts;
  const left = secondsLeft(counts, bytesPerSecond);
  return {
    label,
    percent: percent(counts),
    objects: `${outOf(objects, objectsTotal, formatCount)} objects`,
    bytes: outOf(bytes, bytesTotal, formatBytes),
    rate: bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : '',
    left: left === undefined ? '' : `${formatDuration(left)} left`,
  };
}

function outOf(
  value: number,
  total: number | undefined,
  format: (value: number) => string,
): string {
  return total === undefined ? format(value) : `${format(value)} of ${format(total)}`;
}

/** By bytes; by objects where those have no bytes at all. Never 100 % before the end. */
function percent({ objects, objectsTotal, bytes, bytesTotal }: ProgressCounts): string {
  const [done, total] =
    bytesTotal !== undefined && bytesTotal > 0 ? [bytes, bytesTotal] : [objects, objectsTotal ?? 0];
  return total > 0 ? `${Math.min(100, Math.floor((done / total) * 100))}%` : '';
}

function secondsLeft(counts: ProgressCounts, bytesPerSecond: number): number | undefined {
  if (counts.bytesTotal === undefined || bytesPerSecond <= 0) return undefined;
  const seconds = (counts.bytesTotal - counts.bytes) / bytesPerSecond;
  return seconds > 0 && seconds < MAX_SECONDS_LEFT ? seconds : undefined;
}

function cut(text: string, width: number): string {
  let line = '';
  for (const character of text) {
    if (stringWidth(line + character) > width) break;
    line += character;
  }
  return line;
}
