import { Decimal } from './money.js';

/** What a user, a day or a job has used. Exact: bytes and jobs as they are, time in microseconds. */
export interface Usage {
  bytes: bigint;
  microseconds: bigint;
  jobs: bigint;
  completed: bigint;
  failed: bigint;
  skipped: bigint;
}

/** The fields of the counters in Redis, in the order in which they are asked for. */
export const USAGE_FIELDS = [
  'bytes_processed',
  'compute_seconds',
  'job_count',
  'jobs_completed',
  'jobs_failed',
  'jobs_skipped',
] as const;

type UsageField = (typeof USAGE_FIELDS)[number];

/** Called for a field whose value is not a number; it then counts as 0. */
export type OnInvalidField = (field: UsageField, value: string) => void;

export const NO_USAGE: Usage = {
  bytes: 0n,
  microseconds: 0n,
  jobs: 0n,
  completed: 0n,
  failed: 0n,
  skipped: 0n,
};

/** Reads the values of USAGE_FIELDS; an absent one is 0. */
export function readUsage(
  values: readonly (string | null | undefined)[],
  onInvalid: OnInvalidField,
): Usage {
  const integer = (index: number): bigint => read(index, parseInteger);
  return {
    bytes: integer(0),
    microseconds: read(1, parseMicroseconds),
    jobs: integer(2),
    completed: integer(3),
    failed: integer(4),
    skipped: integer(5),
  };

  function read(index: number, parse: (text: string) => bigint | undefined): bigint {
    const text = values[index];
    if (text === null || text === undefined) return 0n;
    const value = parse(text);
    if (value !== undefined) return value;
    onInvalid(USAGE_FIELDS[index] ?? 'bytes_processed', text);
    return 0n;
  }
}

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    bytes: a.bytes + b.bytes,
    microseconds: a.microseconds + b.microseconds,
    jobs: a.jobs + b.jobs,
    completed: a.completed + b.completed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  };
}

/** Longer ones were never counted: INCR stops at 19 digits. */
const INTEGER = /^-?\d{1,40}$/;
const DECIMAL = /^(-?)(\d{1,40})(?:\.(\d+))?$/;
/** Matches very small numbers as String() writes them, which a writer may have stored. */
const SCIENTIFIC = /^-?\d{1,40}(?:\.\d{1,400})?e[+-]?\d{1,2}$/i;
const PLACES = 6;

/** `undefined` for what is not a whole number. */
export function parseInteger(text: string): bigint | undefined {
  return INTEGER.test(text) ? BigInt(text) : undefined;
}

/**
 * Seconds, rounded half up to 6 places: HINCRBYFLOAT leaves dust behind them. `undefined` for what is
 * no number.
 */
export function parseMicroseconds(text: string): bigint | undefined {
  const parts = DECIMAL.exec(text);
  if (parts === null) {
    return SCIENTIFIC.test(text) ? fromDecimal(new Decimal(text)) : undefined;
  }
  const [, sign, whole = '', fraction = ''] = parts;
  const kept = BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, '0'));
  const rounded = fraction.charAt(PLACES) >= '5' ? kept + 1n : kept;
  return sign === '-' ? -rounded : rounded;
}

/** Seconds as a caller gives them, rounded half up to 6 places. */
export function microsecondsOf(seconds: number): bigint {
  return fromDecimal(new Decimal(seconds));
}

/** `12.5`, without zeros at the end: what HINCRBYFLOAT is given, and people read. */
export function secondsText(microseconds: bigint): string {
  const digits = (microseconds < 0n ? -microseconds : microseconds)
    .toString()
    .padStart(PLACES + 1, '0');
  const fraction = digits.slice(-PLACES).replace(/0+$/, '');
  const text = digits.slice(0, -PLACES) + (fraction === '' ? '' : `.${fraction}`);
  return microseconds < 0n ? `-${text}` : text;
}

function fromDecimal(seconds: Decimal): bigint {
  return BigInt(seconds.times(1_000_000).toFixed(0));
}
