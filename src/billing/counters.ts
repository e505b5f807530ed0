import type { HashFields } from '../redis/reader.js';
import type { Usage } from './usage.js';
import { COUNTERS, USAGE_FIELDS, readUsage, secondsText } from './usage.js';

/** A counter that could not be read, and counts as 0; or a negative one, which counts. */
export interface CounterProblem {
  key: string;
  /** `null` where the whole key is of a wrong type. */
  field: string | null;
  problem: string;
}

const LONGEST_SHOWN = 40;

export function notANumber(key: string, field: string, value: string): CounterProblem {
  const text = value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;
  return { key, field, problem: `is not a number: ${JSON.stringify(text)}` };
}

export function notAHash(key: string): CounterProblem {
  return { key, field: null, problem: 'is not a hash' };
}

/** What a program that corrects a bill by hand leaves behind: it lowers every sum that it is part of. */
function isNegative(key: string, field: string, value: string): CounterProblem {
  return { key, field, problem: `is negative: ${value}` };
}

/** `compute_seconds of billing:user:u1 is not a number: "abc"`. */
export function problemText({ key, field, problem }: CounterProblem): string {
  return field === null ? `${key} ${problem}` : `${field} of ${key} ${problem}`;
}

/** Returns how a problem of a counter affects the sums, as a clause: `it counts as 0`. */
export function effectOf({ field, problem }: CounterProblem): string {
  // Metadata is no counter: it is printed as it is.
  if (field === 'metadata') return 'it is kept as text';
  return problem.startsWith('is negative') ? 'it lowers the sums' : 'it counts as 0';
}

/** Called for each counter that has a problem. */
export type OnProblem = (problem: CounterProblem) => void;

/** Returns the usage in a hash; `undefined` where it has none of the fields, or the key holds no hash. */
export function usageIn(key: string, fields: HashFields, onProblem: OnProblem): Usage | undefined {
  if (fields === 'wrong type') {
    onProblem(notAHash(key));
    return undefined;
  }
  if (fields.every((value) => value === null)) return undefined;
  return readUsage(fields, (field, value) => onProblem(notANumber(key, field, value)));
}

/** Reads the usage as `usageIn` does, and reports negative counters as problems too. */
export function billedUsageIn(
  key: string,
  fields: HashFields,
  onProblem: OnProblem,
): Usage | undefined {
  const usage = usageIn(key, fields, onProblem);
  if (usage !== undefined) reportNegatives(key, usage, onProblem);
  return usage;
}

export function reportNegatives(key: string, usage: Usage, onProblem: OnProblem): void {
  if (!hasNegative(usage)) return;
  for (const [index, counter] of COUNTERS.entries()) {
    const value = usage[counter];
    if (value >= 0n) continue;
    const text = counter === 'microseconds' ? secondsText(value) : value.toString();
    onProblem(isNegative(key, USAGE_FIELDS[index] ?? '', text));
  }
}

function hasNegative({ bytes, microseconds, jobs, completed, failed, skipped }: Usage): boolean {
  return (
    bytes < 0n || microseconds < 0n || jobs < 0n || completed < 0n || failed < 0n || skipped < 0n
  );
}
