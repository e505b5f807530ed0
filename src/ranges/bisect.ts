import type { ObjectStore } from '../object-store/port.js';
import type { KeyRange } from './key-range.js';
import { KeySurvey } from './key-survey.js';

/** The most requests that a split takes, but for empty pages. */
const MOST_REQUESTS = 32;
/** What is left is looked into until no gap can hold more than this part of it. */
const GAP_PART = 1 / 8;

/**
 * Finds a key behind `afterKey` and before the end of the range, so that about half of what is left lies
 * behind it. The key need not exist. Resolves to `undefined` if fewer than 2 pages are left. Takes at
 * most 32 requests.
 */
export async function bisect(
  store: Pick<ObjectStore, 'listPage'>,
  range: KeyRange,
  afterKey: string | null,
  signal: AbortSignal,
): Promise<string | undefined> {
  const left = { ...range, after: afterKey ?? range.after };
  const survey = new KeySurvey(store, left, signal);
  if (!(await survey.begin(2))) return undefined;
  await survey.refine(GAP_PART, MOST_REQUESTS);
  const half = survey.map.total / 2;
  const distance = ({ before }: { before: number }) => Math.abs(before - half);
  const [nearest] = survey.map.places().sort((a, b) => distance(a) - distance(b));
  return nearest?.key;
}
