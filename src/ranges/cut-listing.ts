import type { ObjectStore } from '../object-store/port.js';
import { weightOf } from './cut-index.js';
import { type KeyRange, rangesBetween } from './key-range.js';
import { KeySurvey } from './key-survey.js';

/** The most requests that cutting a bucket takes, but for empty pages. */
const MOST_REQUESTS = 2000;
const REQUESTS_A_RANGE = 8;
const LEAST_REQUESTS = 64;
/** No gap may hold more than this part of a range without being looked into. */
const GAP_PART = 1 / 4;

interface Cut {
  /** About how many ranges. */
  wanted: number;
  /** No fewer objects than have this weight are a range, see `weightOf`. */
  leastWeight?: number;
  signal: AbortSignal;
}

/**
 * Cuts a bucket that no earlier backup holds into ranges of about as many objects each. It lists up to 8
 * pages a range, 64 if that is more, 2,000 at most, and no more than 16 and twice the pages of the bucket.
 * The number of objects is an estimate: a range may be some times larger than the mean, and a worker that
 * finds it so splits it (see `bisect`).
 */
export async function cutListing(
  store: Pick<ObjectStore, 'listPage'>,
  bucket: string,
  { wanted, leastWeight = 0, signal }: Cut,
): Promise<KeyRange[]> {
  const whole = { bucket, after: null, through: null };
  if (wanted <= 1) return [whole];
  const survey = new KeySurvey(store, whole, signal);
  if (await survey.begin(1)) {
    const most = Math.max(LEAST_REQUESTS, REQUESTS_A_RANGE * wanted);
    await survey.refine(GAP_PART / wanted, Math.min(MOST_REQUESTS, most));
  }
  const weight = survey.map.total * weightOf({ objects: 1, bytes: survey.meanBytes });
  const count = leastWeight === 0 ? wanted : Math.min(wanted, Math.floor(weight / leastWeight));
  return rangesBetween(whole, endsOf(survey, count));
}

/** Returns the places that are nearest to those which part the keys into so many equal ranges. */
function endsOf(survey: KeySurvey, count: number): string[] {
  const places = survey.map.places();
  const mean = survey.map.total / count;
  const ends: string[] = [];
  let from = 0;
  for (let part = 1; part < count; part++) {
    const target = part * mean;
    let at = from;
    while (at < places.length && (places[at]?.before ?? 0) < target) at += 1;
    const [before, behind] = [places[at - 1], places[at]];
    const isNearer =
      at > from &&
      before !== undefined &&
      target - before.before < (behind?.before ?? Infinity) - target;
    const place = isNearer ? before : behind;
    if (place === undefined) continue;
    ends.push(place.key);
    from = isNearer ? at : at + 1;
  }
  return ends;
}
