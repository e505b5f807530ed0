import { formatBytes, formatCount, formatDuration } from '../output/units.js';

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
export const PARTS = ['label', 'percent', 'objects', 'bytes', 'rate', 'left'] as const;
export type Part = (typeof PARTS)[number];

/** A remainder of seconds that says nothing is better left out. */
const MAX_SECONDS_LEFT = 30 * 24 * 3600;

/** A line for a log: all that is known, with commas. */
export function progressSentence(state: ProgressState): string {
  const parts = progressParts(state);
  const facts = PARTS.filter((name) => name !== 'label' && parts[name] !== '');
  return `${parts.label}: ${facts.map((name) => parts[name]).join(', ')}`;
}

export function progressParts({
  label,
  counts,
  bytesPerSecond,
}: ProgressState): Record<Part, string> {
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
