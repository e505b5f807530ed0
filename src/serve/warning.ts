import { countOf } from '../count-of.js';
import type { EvictionWatch } from './eviction-watch.js';

/** Says that an answer may be incomplete although its status is 200. Commands warn of it on stderr. */
const WARNING = 'x-mangamotion-warning';

/** Describes the header for the OpenAPI document. */
export const WARNING_HEADER = {
  [WARNING]: 'why figures may be too small or incomplete; absent if there is no reason',
} as const;

/** Returns the answer with these warnings after those that it has. They must be ASCII. */
export function withWarnings(
  answer: Response,
  warnings: readonly (string | undefined)[],
): Response {
  const before = answer.headers.get(WARNING) ?? undefined;
  const text = [before, ...warnings].filter((warning) => warning !== undefined).join('; ');
  if (text !== '') answer.headers.set(WARNING, text);
  return answer;
}

/** Returns a function that adds to an answer about usage that Redis may have lost counters. */
export function evictionWarnings(eviction: EvictionWatch) {
  return async (answer: () => Promise<Response>): Promise<Response> => {
    const [response, warning] = await Promise.all([answer(), eviction.warning()]);
    return withWarnings(response, [warning]);
  };
}

/** Returns the warning of an answer in CSV, which has no place for problems; `undefined` without any. */
export function problemsIn({ length }: readonly unknown[]): string | undefined {
  return length === 0
    ? undefined
    : `${countOf(length, 'problem')} in the counters: the JSON document lists them`;
}
