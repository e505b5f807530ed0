import { Decimal } from './money.js';

/** What a user, a day or a job has used, exactly: time is in whole microseconds. */
export interface Usage {
  bytes: bigint;
  microseconds: bigint;
  jobs: bigint;
  completed: bigint;
  failed: bigint;
  skipped: bigint;
}

/** The fields of the counters in Redis, in the order in which they are read. */
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

/** Returns the usage with these counters. */
export function usageOf(counterOf: (counter: keyof Usage) => bigint): Usage {
  return {
    bytes: counterOf('bytes'),
    microseconds: counterOf('microseconds'),
    jobs: counterOf('jobs'),
    completed: counterOf('completed'),
    failed: counterOf('failed'),
    skipped: counterOf('skipped'),
  };
}

export const NO_USAGE: Usage = usageOf(() => 0n);
/** The counters in the order of USAGE_FIELDS. */
export const COUNTERS = Object.keys(NO_USAGE) as (keyof Usage)[];
const MICROSECONDS_AT = COUNTERS.indexOf('microseconds');

/** Reads the values of USAGE_FIELDS; an absent one is 0. */
export function readUsage(
  values: readonly (string | null | undefined)[],
  onInvalid: OnInvalidField,
): Usage {
  const counterAt = (index: number): bigint => {
    const text = values[index] ?? undefined;
    if (text === undefined) return 0n;
    const value = index === MICROSECONDS_AT ? parseMicroseconds(text) : parseInteger(text);
    if (value === undefined) onInvalid(USAGE_FIELDS[index] ?? 'bytes_processed', text);
    return value ?? 0n;
  };
  // Written out, as in `addUsage`: this is done for each of very many users.
  return {
    bytes: counterAt(0),
    microseconds: counterAt(MICROSECONDS_AT),
    jobs: counterAt(2),
    completed: counterAt(3),
    failed: counterAt(4),
    skipped: counterAt(5),
  };
}

/** Returns a counter that is a short text without a sign, as nearly all are; else -1. An absent one is 0. */
export function shortCounter(
  values: readonly (string | null | undefined)[],
  index: number,
): number {
  const text = values[index] ?? undefined;
  if (text === undefined) return 0;
  return index === MICROSECONDS_AT ? shortMicroseconds(text) : digitsIn(text, 0, text.length);
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

/** A longer number was never counted: HINCRBY stops at 19 digits. */
const INTEGER = /^-?\d{1,40}$/;
const DECIMAL = /^(-?)(\d{1,40})(?:\.(\d+))?$/;
/** Matches very small numbers as String() writes them, which a writer may have stored. */
const SCIENTIFIC = /^-?\d{1,40}(?:\.\d{1,400})?e[+-]?\d{1,2}$/i;
const PLACES = 6;

/** Returns `undefined` for a text that is not a whole number. */
export function parseInteger(text: string): bigint | undefined {
  const short = digitsIn(text, 0, text.length);
  if (short >= 0) return BigInt(short);
  return INTEGER.test(text) ? BigInt(text) : undefined;
}

/**
 * Parses seconds, and rounds them half up to 6 places, since HINCRBYFLOAT leaves rounding errors behind
 * them. Returns `undefined` for a text that is not a number.
 */
export function parseMicroseconds(text: string): bigint | undefined {
  const short = shortMicroseconds(text);
  if (short >= 0) return BigInt(short);
  const parts = DECIMAL.exec(text);
  if (parts === null) {
    return SCIENTIFIC.test(text) ? fromDecimal(new Decimal(text)) : undefined;
  }
  const [, sign, whole = '', fraction = ''] = parts;
  const kept = BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, '0'));
  const rounded = fraction.charAt(PLACES) >= '5' ? kept + 1n : kept;
  return sign === '-' ? -rounded : rounded;
}

/** More digits may not fit into a double. */
const SAFE_DIGITS = 15;

/** Returns the number that these characters are the digits of; -1 where they are none, or very many. */
function digitsIn(text: string, from: number, to: number): number {
  if (to <= from || to - from > SAFE_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** As `parseMicroseconds`, of the usual texts; -1 for others. Nearly all counters are read here. */
function shortMicroseconds(text: string): number {
  const point = text.indexOf('.');
  if (point < 0)
    return text.length > SAFE_DIGITS - PLACES ? -1 : digitsIn(text, 0, text.length) * 1e6;
  if (point > SAFE_DIGITS - PLACES) return -1;
  const whole = digitsIn(text, 0, point);
  if (whole < 0 || text.length === point + 1) return -1;
  let fraction = 0;
  let isRoundedUp = false;
  for (let place = 0, at = point + 1; at < text.length || place < PLACES; place++, at++) {
    const digit = at < text.length ? text.charCodeAt(at) - 0x30 : 0;
    if (digit < 0 || digit > 9) return -1;
    if (place < PLACES) fraction = fraction * 10 + digit;
    else if (place === PLACES) isRoundedUp = digit >= 5;
  }
  return whole * 1e6 + fraction + (isRoundedUp ? 1 : 0);
}

/** Rounds the seconds of a caller half up to 6 places. */
export function microsecondsOf(seconds: number): bigint {
  return fromDecimal(new Decimal(seconds));
}

/** Seconds as HINCRBYFLOAT takes them and people read them: `12.5`, without zeros at the end. */
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
