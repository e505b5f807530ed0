/** Reads the fields of a job's hash, each in every form that BullMQ and other writers use. */

/** Called with a problem for people if a field cannot be read. */
export type Report = (problem: string) => void;

/** The end of the year 9999, since years in RFC 3339 have four digits. */
const LATEST_MS = 253_402_300_799_999;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses JSON, or returns the text itself. `whatIs` begins the message: `its data is`. */
export function jsonIn(text: string | null, whatIs: string, report: Report): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    report(`${whatIs} not JSON`);
    return text;
  }
}

/** Parses a JSON object. Returns an empty one for anything else. */
export function objectIn(
  text: string | null,
  whatIs: string,
  report: Report,
): Record<string, unknown> {
  const value = jsonIn(text, whatIs, report);
  if (isRecord(value)) return value;
  if (value !== null && value !== text) report(`${whatIs} not an object`);
  return {};
}

/** Reads milliseconds of Unix time, which may have a fraction. */
export function timeIn(text: string | null, field: string, report: Report): Date | null {
  if (text === null || text === '') return null;
  const milliseconds = decimalIn(text);
  if (milliseconds !== undefined && milliseconds >= 1 && milliseconds <= LATEST_MS) {
    return new Date(milliseconds);
  }
  report(`its ${field} is not a time`);
  return null;
}

/** Returns the larger number: a job that was half done when BullMQ was updated has both fields. */
export function attemptsIn(texts: readonly (string | null)[], report: Report): number | null {
  const counts = texts
    .filter((text) => text !== null)
    .map((text) => (/^\d{1,15}$/.test(text) ? Number(text) : undefined));
  if (counts.includes(undefined)) report('its number of attempts is not a number');
  return counts.reduce<number | null>(
    (most, count) => (count === undefined ? most : Math.max(most ?? 0, count)),
    null,
  );
}

/** Returns `progress` from 0 to 100, and in `progressDetail` a reported value that is not a number. */
export function progressIn(
  text: string | null,
  report: Report,
): { progress: number | null; progressDetail: unknown } {
  // A text that is not JSON is still shown, as the detail.
  const reported = jsonIn(text, '', () => undefined);
  const isDetail = typeof numberIn(reported) !== 'number';
  const percent = numberIn(isRecord(reported) ? percentIn(reported) : reported);
  const progress = percent === undefined ? null : Math.min(Math.max(percent, 0), 100);
  if (progress !== null && progress !== percent) {
    report(`its progress is ${percent}, which is not from 0 to 100`);
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
export function tracesIn(text: string | null, report: Report): string[] {
  if (text === null || text === '') return [];
  const traces = jsonIn(text, 'its stacktrace is', report);
  if (!Array.isArray(traces)) return traces === null ? [] : [text];
  const texts = traces.filter((trace) => typeof trace === 'string');
  if (texts.length < traces.length) report('parts of its stacktrace are not text');
  return texts;
}
