import { isMangamotionError, messageOf } from '../errors.js';
import { compareKeys } from '../key-order.js';
import type { ListPage, ListPageOptions, ObjectStore } from '../object-store/port.js';
import { isUnexpectedAnswer } from '../object-store/unexpected-answer.js';
import { pointsOf, textOf } from './key-points.js';

/** Objects that change meanwhile make an answer look wrong, but hardly three times in a row. */
const ATTEMPTS = 3;
/** A smaller bucket is never cut, so nothing depends on what the server answers. */
const FEWEST_KEYS = 3;

/** Why a bucket must be listed as a whole. */
export interface NoRanges {
  reason: string;
}

/**
 * Finds out by at most 5 requests (15 while objects come and go) whether the server can list a bucket
 * from a key on: it lists up to two pages and asks for what follows a key in the middle of the first, and
 * places between keys behind and before it. Servers may include the key itself.
 * Rejects if the bucket cannot be listed at all.
 */
export async function mayUseRanges(
  store: Pick<ObjectStore, 'listPage'>,
  bucket: string,
  signal?: AbortSignal,
): Promise<'yes' | NoRanges> {
  let reason: string | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    reason = await probe(store, bucket, signal);
    if (reason === undefined) return 'yes';
  }
  return { reason: reason ?? '' };
}

/** What is known of the start of a listing. */
interface Start {
  keys: string[];
  /** They are all keys of the bucket. */
  isWhole: boolean;
}

/** Resolves to the first thing that is wrong. */
async function probe(
  store: Pick<ObjectStore, 'listPage'>,
  bucket: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const first = await store.listPage(bucket, { signal });
  const token = first.nextToken;
  const second = token === null ? undefined : await store.listPage(bucket, { token, signal });
  const keys = [...keysOf(first), ...(second === undefined ? [] : keysOf(second))];
  if (!isAscending(keys)) return `it lists ${bucket} out of order`;
  const start = { keys, isWhole: isLast(second ?? first) };
  if (keys.length < FEWEST_KEYS) {
    return start.isWhole ? undefined : `it lists ${bucket} in pages of hardly any objects`;
  }
  // In the middle of a page: some servers only know the keys at which their pages end.
  const middle = keys[Math.floor(Math.min(first.objects.length, keys.length - 1) / 2)] ?? '';
  for (const place of [middle, `${middle}!`, withoutLast(middle)]) {
    if (place === '' || !place.isWellFormed()) continue;
    const wrong = await ask(store, bucket, { startAfter: place, signal }, start);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

async function ask(
  store: Pick<ObjectStore, 'listPage'>,
  bucket: string,
  options: ListPageOptions & { startAfter: string },
  { keys, isWhole }: Start,
): Promise<string | undefined> {
  const { startAfter } = options;
  const place = JSON.stringify(startAfter);
  let page: ListPage;
  try {
    page = await store.listPage(bucket, options);
  } catch (error) {
    if (!isUnexpectedAnswer(error) && !isMangamotionError(error, 'refused')) throw error;
    return `it does not list what follows ${place} in ${bucket}: ${messageOf(error)}`;
  }
  const answered = keysOf(page);
  const listed = answered[0] === startAfter ? answered.slice(1) : answered;
  const expected = keys.filter((key) => compareKeys(key, startAfter) > 0);
  const wrong = listed.findIndex((key, i) => i < expected.length && key !== expected[i]);
  if (wrong >= 0) {
    const [found, known] = [listed[wrong], expected[wrong]].map((key) => JSON.stringify(key));
    return `it lists ${found} of ${bucket} behind ${place}, where ${known} follows`;
  }
  const isShort = listed.length < expected.length;
  if (isShort && (isLast(page) || listed.length === 0)) {
    const known = JSON.stringify(expected[listed.length]);
    return `it ends the listing of ${bucket} behind ${place} before ${known}`;
  }
  if (isWhole && listed.length > expected.length) {
    return `it lists more of ${bucket} behind ${place} than from the start`;
  }
  return isAscending(listed) ? undefined : `it lists ${bucket} out of order`;
}

function keysOf({ objects }: ListPage): string[] {
  return objects.map(({ key }) => key);
}

function isLast({ nextToken, continueAfter }: ListPage): boolean {
  return nextToken === null && continueAfter?.isCertain !== true;
}

function isAscending(keys: readonly string[]): boolean {
  return keys.every((key, i) => i === 0 || compareKeys(keys[i - 1] ?? '', key) < 0);
}

function withoutLast(key: string): string {
  return textOf(pointsOf(key).slice(0, -1));
}
