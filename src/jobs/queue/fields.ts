/** Reads the fields of a job's hash, each in every form that BullMQ and other writers use. */

import { abridgedJson, isShallow, shortened, SHOWN_LIMITS } from './json-bytes.js';

/**
 * The value of a field: a text; bytes of a value that is too long to be shown whole; or the length in bytes
 * of one that is too long to be read.
 */
export type FieldValue = string | Buffer | number | null;

/** Told about fields, in words for people. */
export interface Report {
  /** A field cannot be read. */
  problem: (text: string) => void;
  /** A field is odd, or is shown in part. */
  note: (text: string) => void;
}

/** The end of the year 9999, since years in RFC 3339 have four digits. */
const LATEST_MS = 253_402_300_799_999;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses JSON, or returns the text itself. `whatIs` begins the message: `its data is`. */
export function jsonIn(value: FieldValue, whatIs: string, report: Report): unknown {
  if (value === null) return null;
  if (typeof value === 'number') {
    report.note(`${whatIs} too long to be read: ${sizeText(value)}`);
    return null;
  }
  if (typeof value !== 'string') {
    report.note(`${whatIs} shown in part: ${sizeText(value.length)}`);
    const parsed = abridgedJson(value);
    if (parsed !== undefined) return parsed;
    report.problem(`${whatIs} not JSON`);
    return beginningOf(value);
  }
  try {
    const parsed = JSON.parse(value) as unknown;
    if (isShallow(parsed)) return parsed;
    report.note(`${whatIs} shown in part: nested too deep`);
    return abridgedJson(Buffer.from(value));
  } catch {
    report.problem(`${whatIs} not JSON`);
    return value;
  }
}

/** Reads a text, of a long one the beginning. */
export function textIn(value: FieldValue, whatIs: string, report: Report): string | null {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'number') {
    report.note(`${whatIs} too long to be read: ${sizeText(value)}`);
    return null;
  }
  report.note(`${whatIs} shown in part: ${sizeText(value.length)}`);
  return beginningOf(value);
}

function beginningOf(bytes: Buffer): string {
  // A character has at most four bytes.
  const text = bytes.toString('utf8', 0, 4 * (SHOWN_LIMITS.text + 1));
  return shortened(text, SHOWN_LIMITS.text);
}

function sizeText(bytes: number): string {
  return `${Math.round(bytes / 1024)} KiB`;
}

/** Parses a JSON object. Returns an empty one for anything else. */
export function objectIn(
  field: FieldValue,
  whatIs: string,
  report: Report,
): Record<string, unknown> {
  const value = jsonIn(field, whatIs, report);
  if (isRecord(value)) return value;
  if (value !== null && value !== field) report.problem(`${whatIs} not an object`);
  return {};
}

/** Reads milliseconds of Unix time, which may have a fraction. */
export function timeIn(text: string | null, field: string, report: Report): Date | null {
  if (text === null || text === '') return null;
  const milliseconds = decimalIn(text);
  if (milliseconds !== undefined && milliseconds >= 1 && milliseconds <= LATEST_MS) {
    return new Date(milliseconds);
  }
  report.problem(`its ${field} is not a time`);
  return null;
}

/** Returns the larger number: a job that was half done when BullMQ was updated has both fields. */
export function attemptsIn(texts: readonly (string | null)[], report: Report): number | null {
  const counts = texts
    .filter((text) => text !== null)
    .map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined));
  if (counts.includes(undefined)) report.problem('its number of attempts is not a number');
  return counts.reduce<number | null>(
    (most, count) => (count === undefined ? most : Math.max(most ?? 0, count)),
    null,
  );
}

/** Returns the reported percentage as it is, and in `progressDetail` a reported value that is not a number. */
export function progressIn(
  value: FieldValue,
  report: Report,
): { progress: number | null; progressDetail: unknown } {
  // A text that is not JSON is still shown, as the detail.
  const reported = jsonIn(value, 'its progress is', { ...report, problem: () => undefined });
  const isDetail = typeof numberIn(reported) !== 'number';
  const progress = numberIn(isRecord(reported) ? percentIn(reported) : reported) ?? null;
  if (progress !== null && (progress < 0 || progress > 100)) {
    report.note(`its progress is ${progress}, which is not from 0 to 100`);
  }
  return { progress, progressDetail: isDetail ? reported : null };
}

function percentIn(reported: Record<string, unknown>): unknown {
  return reported.percent ?? reported.progress ?? reported.percentage;
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === 'string') return decimalIn(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function decimalIn(text: string): number | undefined {
  return /^-?\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : undefined;
}

/** BullMQ stores a list of texts. Anything else is shown as one text. */
export function tracesIn(value: FieldValue, report: Report): string[] {
  if (value === null || value === '') return [];
  const traces = jsonIn(value, 'its stacktrace is', report);
  if (!Array.isArray(traces)) {
    if (traces === null) return [];
    return [typeof value === 'string' ? value : JSON.stringify(traces)];
  }
  const texts = traces.filter((trace) => typeof trace === 'string');
  if (texts.length < traces.length) report.problem('parts of its stacktrace are not text');
  return texts;
}
