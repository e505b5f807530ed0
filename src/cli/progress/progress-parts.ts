import { countOf, formatBytes, formatCount, formatDuration } from '../output/units.js';

/** How far a piece of work has come. What is absent is not counted, or not known (yet). */
export interface ProgressCounts {
  objects?: number | undefined;
  objectsTotal?: number | undefined;
  bytes?: number | undefined;
  bytesTotal?: number | undefined;
  /** The totals are what is known so far: there may be more. */
  totalsGrow?: boolean | undefined;
}

export interface ProgressState {
  label: string;
  counts: ProgressCounts;
  bytesPerSecond: number;
  /** Whether the rate tells how long the rest will take. */
  isSettled: boolean;
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
  return [parts.label, facts.map((name) => parts[name]).join(', ')]
    .filter((text) => text !== '')
    .join(': ');
}

export function progressParts(state: ProgressState): Record<Part, string> {
  const { label, counts, bytesPerSecond } = state;
  const { objects, objectsTotal, bytes, bytesTotal, totalsGrow } = counts;
  const left = secondsLeft(state);
  return {
    label,
    percent: percent(counts),
    objects: objects === undefined ? '' : objectsText(objects, objectsTotal, totalsGrow === true),
    bytes: bytes === undefined ? '' : outOf(bytes, bytesTotal, totalsGrow === true, formatBytes),
    rate: bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : '',
    left: left === undefined ? '' : `${formatDuration(left)} left`,
  };
}

function objectsText(objects: number, total: number | undefined, grows: boolean): string {
  if (total === undefined || (objects > total && !grows)) return countOf(objects, 'object');
  const noun = total === 1 && !grows ? 'object' : 'objects';
  return `${outOf(objects, total, grows, formatCount)} ${noun}`;
}

/** `3 of 10`; `3 of 10+` where the total grows. More than a total shows that it was none. */
function outOf(
  value: number,
  total: number | undefined,
  grows: boolean,
  format: (value: number) => string,
): string {
  if (total === undefined || (value > total && !grows)) return format(value);
  return grows
    ? `${format(value)} of ${format(Math.max(value, total))}+`
    : `${format(value)} of ${format(total)}`;
}

/** By bytes; by objects where those have no bytes at all. Nothing where the total is not certain. */
function percent({
  objects = 0,
  objectsTotal = 0,
  bytes = 0,
  bytesTotal,
  totalsGrow,
}: ProgressCounts): string {
  const [done, total] =
    bytesTotal !== undefined && bytesTotal > 0 ? [bytes, bytesTotal] : [objects, objectsTotal];
  if (totalsGrow === true || total <= 0 || done > total) return '';
  return `${Math.floor((done / total) * 100)}%`;
}

function secondsLeft({ counts, bytesPerSecond, isSettled }: ProgressState): number | undefined {
  const { bytes = 0, bytesTotal, totalsGrow } = counts;
  if (bytesTotal === undefined || totalsGrow === true) return undefined;
  if (bytesPerSecond <= 0 || !isSettled) return undefined;
  const seconds = (bytesTotal - bytes) / bytesPerSecond;
  return seconds > 0 && seconds < MAX_SECONDS_LEFT ? seconds : undefined;
}
