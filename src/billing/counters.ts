import type { HashFields } from '../redis/reader.js';
import type { Usage } from './usage.js';
import { readUsage } from './usage.js';

/** A counter that could not be read. It counts as 0, and the answer reports it. */
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

/** `compute_seconds of billing:user:u1 is not a number: "abc"`. */
export function problemText({ key, field, problem }: CounterProblem): string {
  return field === null ? `${key} ${problem}` : `${field} of ${key} ${problem}`;
}

/** Called for each counter that cannot be read. */
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
