import { MangamotionError } from '../errors.js';
import { compareKeys } from '../key-order.js';
import type { ListedObject, ObjectStore } from '../object-store/port.js';
import { Alphabet, type Trial, branchesIn } from './alphabet.js';
import {
  BEHIND_ALL,
  type Points,
  pointAfter,
  pointsOf,
  sharedLength,
  textOf,
} from './key-points.js';
import { type KeyRange, isBehind, isPast } from './key-range.js';

/** The number of keys that are kept of each page. */
const KEPT_A_PAGE = 16;
/** So many of them tell how dense the keys are at an end of the page. */
const KEPT_AT_AN_END = 5;
/** The number of pages whose keys tell what other keys look like. */
const PAGES_NEARBY = 12;
/** So many pages tell it well enough. */
const ENOUGH_PAGES = 8;
/** Empty pages that are followed: servers return them for deleted objects. */
const MOST_EMPTY_PAGES = 20;
/** A bucket of few pages, too, takes some requests for places that turn out to be empty. */
const FREE_REQUESTS = 16;
/** All gaps are estimated anew each time that the number of requests has grown so. */
const REVIEW_AFTER = 1.3;
/** See `Guess`: at most two branches are known. */
const UNKNOWN_DOUBT = 1 / 2;
/** The number of requests at once. */
const AT_ONCE = 4;

interface Kept {
  key: string;
  points: Points;
  /** How many keys of the run come before it. */
  index: number;
}

/** Keys that were listed one after the other: between the first and the last there are no others. */
interface Run {
  kind: 'run';
  kept: Kept[];
  /** By position; see `branchesIn`. */
  branches: number[];
  weight: number;
}

/** What lies between two runs, of which only the ends are known. */
interface Gap {
  kind: 'gap';
  after: string;
  /** The last key that may be in it; `null`: there is no end. */
  through: string | null;
  /** An estimate of the number of keys. */
  weight: number;
  /** The number of keys if it is as dense everywhere as at its denser end. */
  most: number;
  /** Hardly anything is known of its branch. */
  isUnknown: boolean;
  /** The place to look at next; `undefined` if there is none between the ends. */
  guess: string | undefined;
}

type Stretch = Run | Gap;

/** A place at which the keys may be cut, and the estimated number of keys up to it. */
export interface CutPlace {
  key: string;
  before: number;
}

/**
 * Finds out roughly how the keys of a range are distributed, without listing them: it lists single pages
 * at places that it guesses by the keys it has seen, and estimates from the density of the pages what
 * lies between them. Guesses are prefixes of likely keys, so that every branch of the keys is found
 * before it is looked into. It keeps a few keys of each page.
 */
export class KeySurvey {
  readonly #store: Pick<ObjectStore, 'listPage'>;
  readonly #range: KeyRange;
  readonly #signal: AbortSignal;
  /** In the order of the keys. */
  #stretches: Stretch[] = [];
  readonly #trials: Trial[] = [];
  /** The sum of all pages that were listed, of which only some keys are kept. */
  readonly #listed = { objects: 0, bytes: 0 };
  requests = 0;

  constructor(store: Pick<ObjectStore, 'listPage'>, range: KeyRange, signal: AbortSignal) {
    this.#store = store;
    this.#range = range;
    this.#signal = signal;
  }

  /** Lists the first pages. Resolves to false if they are all there is. */
  async begin(pages: number): Promise<boolean> {
    let after = this.#range.after;
    for (let page = 0; page < pages; page++) {
      const { keys, isEnd } = await this.#pageBehind(after, this.#range.through);
      if (keys.length > 0) this.#stretches.push(runOf(keys));
      if (isEnd) return false;
      after = keys.at(-1) ?? after;
    }
    if (after === null) return false;
    this.#stretches.push(gap(after, this.#range.through));
    this.#estimateAround(this.#stretches.length - 1);
    return true;
  }

  /** Looks into the largest gaps until none can hold more than this part of all, or it has asked enough. */
  async refine(part: number, mostRequests: number): Promise<void> {
    let review = this.requests;
    while (this.requests < Math.min(mostRequests, this.#worthwhile)) {
      this.#signal.throwIfAborted();
      const isDue = this.requests >= review;
      if (isDue) this.#estimateAll();
      const enough = this.total * part;
      const chosen = this.#stretches
        .filter((one): one is Gap => one.kind === 'gap' && one.guess !== undefined)
        .filter(({ most, isUnknown }) => most > enough || isUnknown)
        .sort((a, b) => b.most - a.most)
        .slice(0, Math.min(AT_ONCE, mostRequests - this.requests));
      if (chosen.length === 0 && isDue) return;
      if (isDue || chosen.length === 0)
        review = this.requests * (chosen.length === 0 ? 1 : REVIEW_AFTER);
      await Promise.all(chosen.map((one) => this.#lookInto(one)));
    }
    this.#estimateAll();
  }

  /** Estimates made by few pages are wrong where later ones show more of what keys look like. */
  #estimateAll(): void {
    for (let at = 0; at < this.#stretches.length; at++) this.#estimateAround(at);
  }

  /** The number of requests after which listing all keys would have been cheaper, by and large. */
  get #worthwhile(): number {
    const weights = this.#stretches.map(({ kind, weight }) => (kind === 'run' ? weight : 0));
    return FREE_REQUESTS + (2 * this.total) / Math.max(1, ...weights);
  }

  /** The estimated number of keys. */
  get total(): number {
    return this.#stretches.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** The mean size of the objects that were listed, in bytes; 0 if there are none. */
  get meanBytes(): number {
    return this.#listed.bytes / Math.max(1, this.#listed.objects);
  }

  /** Where the range may be cut, in order: there are keys on both sides of each place. */
  places(): CutPlace[] {
    let before = 0;
    const places: { key: string | null; before: number }[] = [];
    const isRun = ({ kind }: Stretch) => kind === 'run';
    const [first, last] = [this.#stretches.findIndex(isRun), this.#stretches.findLastIndex(isRun)];
    for (const [at, stretch] of this.#stretches.entries()) {
      if (at >= first && at <= last) {
        places.push(
          ...(stretch.kind === 'gap'
            ? [{ key: stretch.through, before: before + stretch.weight }]
            : stretch.kept.map(({ key, index }) => ({ key, before: before + index + 1 }))),
        );
      }
      before += stretch.weight;
    }
    // Nothing is behind the last key of the last run.
    return places
      .slice(0, -1)
      .filter((place): place is CutPlace => place.key?.isWellFormed() === true);
  }

  async #lookInto(chosen: Gap): Promise<void> {
    const { guess, after, through } = chosen;
    if (guess === undefined) return;
    const { keys, isEnd } = await this.#pageBehind(guess, through);
    const at = this.#stretches.indexOf(chosen);
    if (!chosen.isUnknown) {
      const isHit = keys[0]?.startsWith(guess) === true;
      this.#trials.push({ points: pointsOf(guess), isHit });
    }
    const near: Stretch[] = [gap(after, guess)];
    const last = keys.at(-1);
    if (last !== undefined) {
      near.push(runOf(keys));
      if (!isEnd) near.push(gap(last, through));
    }
    this.#stretches.splice(at, 1, ...near);
    for (let i = 0; i < near.length; i++) this.#estimateAround(at + i);
  }

  /** Resolves to the keys of the page behind a key, and whether there are no more up to the end. */
  async #pageBehind(
    after: string | null,
    through: string | null,
  ): Promise<{ keys: string[]; isEnd: boolean }> {
    const { bucket } = this.#range;
    let token: string | undefined;
    for (let empty = 0; empty < MOST_EMPTY_PAGES; empty++) {
      this.requests += 1;
      const options = { startAfter: after ?? undefined, token, signal: this.#signal };
      const page = await this.#store.listPage(bucket, options);
      this.#count(page.objects);
      const behind = keysOf(page.objects).filter((key) => isBehind(key, after));
      const isOrdered = behind.every((key, i) => isBehind(key, behind[i - 1] ?? null));
      if (!isOrdered) throw untrusted(bucket, 'out of order');
      const keys = behind.filter((key) => !isPast(key, through));
      const isEnd =
        keys.length < behind.length ||
        (page.nextToken === null && page.continueAfter === undefined);
      if (isEnd || keys.length > 0) return { keys, isEnd };
      if (page.objects.length > 0 || page.nextToken === null)
        throw untrusted(bucket, 'from the start instead');
      token = page.nextToken;
    }
    throw untrusted(bucket, 'as empty pages');
  }

  #count(objects: readonly ListedObject[]): void {
    this.#listed.objects += objects.length;
    this.#listed.bytes += objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** Estimates a gap by the runs on both sides. */
  #estimateAround(at: number): void {
    const found = this.#stretches[at];
    if (found?.kind !== 'gap') return;
    const left = this.#run(at, -1);
    const right = this.#run(at, 1);
    const low = pointsOf(found.after);
    const { position, high, isSubtree } = branchOf(low, found.through);
    const shared = low.slice(0, position);
    const alphabet = this.#alphabetNear(at, shared);
    const guess = guessIn(alphabet, low, position, high);
    const isUsable = guess !== undefined && this.#isInside(found, guess.key);
    found.guess = isUsable ? guess.key : undefined;
    const width = isSubtree ? alphabet.distanceToEnd(low, position) : alphabet.distance(low, high);
    const densities = [
      left === undefined ? undefined : densityAtEnd(alphabet, left),
      right === undefined ? undefined : densityAtStart(alphabet, right, shared),
    ];
    const known = densities.filter((density) => density !== undefined);
    const mean = known.reduce((sum, density) => sum + density, 0) / known.length;
    found.weight = known.length === 0 ? 0 : numberOf(width + mean);
    found.most = known.length === 0 ? 0 : numberOf(width + Math.max(...known));
    found.isUnknown = (guess?.doubt ?? 0) >= UNKNOWN_DOUBT || this.#isAlone(at, shared);
    if (guess === undefined || guess.doubt === 0) return;
    const before = this.#knownBefore(at, low.slice(0, guess.branch));
    found.most = Math.max(found.most, before * guess.doubt);
  }

  /** The estimated number of keys before a gap that share this start. */
  #knownBefore(at: number, shared: Points): number {
    let sum = 0;
    for (let i = at - 1; i >= 0; i--) {
      const stretch = this.#stretches[i];
      if (stretch === undefined) break;
      if (stretch.kind === 'run') {
        const last = stretch.kept.at(-1)?.points ?? [];
        if (sharedLength(last, shared) < shared.length) break;
      }
      sum += stretch.weight;
    }
    return sum;
  }

  /** Whether only one page shows what keys with this start look like. */
  #isAlone(at: number, shared: Points): boolean {
    const near = this.#stretches.slice(Math.max(0, at - 3), at + 4);
    const alike = near.filter(
      (stretch) =>
        stretch.kind === 'run' &&
        sharedLength(stretch.kept.at(-1)?.points ?? [], shared) === shared.length,
    );
    return alike.length < 2;
  }

  #isInside({ after, through }: Gap, key: string): boolean {
    return compareKeys(key, after) > 0 && (through === null || compareKeys(key, through) < 0);
  }

  #run(at: number, step: 1 | -1): Run | undefined {
    for (let i = at + step; i >= 0 && i < this.#stretches.length; i += step) {
      const stretch = this.#stretches[i];
      if (stretch?.kind === 'run') return stretch;
    }
    return undefined;
  }

  /** The alphabet of keys nearby that share a start, or as much of it as the keys of some pages do. */
  #alphabetNear(at: number, shared: Points): Alphabet {
    const near = this.#stretches
      .slice(Math.max(0, at - PAGES_NEARBY), at + PAGES_NEARBY)
      .filter((stretch) => stretch.kind === 'run')
      .map(({ kept, branches }) => {
        const lengths = kept.map(({ points }) => sharedLength(points, shared));
        return { kept, branches, lengths, most: Math.max(...lengths) };
      });
    const least = near.map(({ most }) => most).sort((a, b) => b - a)[ENOUGH_PAGES - 1] ?? 0;
    const alike = near.filter(({ most }) => most >= least);
    return new Alphabet(
      alike.flatMap(({ kept, lengths }) =>
        kept.filter((_, i) => (lengths[i] ?? 0) >= least).map(({ points }) => points),
      ),
      this.#trials.filter(({ points }) => sharedLength(points, shared) >= least),
      alike.map(({ branches }) => branches),
    );
  }
}

function keysOf(objects: readonly ListedObject[]): string[] {
  return objects.map(({ key }) => key);
}

function untrusted(bucket: string, how: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the server lists ${bucket} from a key on ${how}: the bucket cannot be cut into ranges`,
  );
}

function gap(after: string, through: string | null): Gap {
  return { kind: 'gap', after, through, weight: 0, most: 0, isUnknown: false, guess: undefined };
}

function runOf(keys: readonly string[]): Run {
  const count = Math.min(KEPT_A_PAGE, keys.length);
  const kept = Array.from({ length: count }, (_, i) => {
    const index = count === 1 ? 0 : Math.round((i * (keys.length - 1)) / (count - 1));
    const key = keys[index] ?? '';
    return { key, points: pointsOf(key), index };
  });
  return { kind: 'run', kept, branches: branchesIn(keys), weight: keys.length };
}

function numberOf(logarithm: number): number {
  return Math.min(1e15, Math.exp(logarithm));
}

/** Where the ends of a gap part: all its keys share the characters before. */
function branchOf(
  low: Points,
  through: string | null,
): { position: number; high: Points; isSubtree: boolean } {
  let high: Points = through === null ? [BEHIND_ALL] : pointsOf(through);
  let position = sharedLength(low, high);
  let isSubtree = through === null;
  // Up to the end of what begins with the first character that differs.
  for (;;) {
    const point = low[position];
    const isNext = point !== undefined && pointAfter(point) === high[position];
    if (!isNext || high.length !== position + 1) break;
    position += 1;
    high = [...low.slice(0, position), BEHIND_ALL];
    isSubtree = true;
  }
  return { position, high, isSubtree };
}

interface Guess {
  key: string;
  /** The position of the character that the guess changes. */
  branch: number;
  /**
   * What may follow that nothing seen so far hints at, in parts of what is known before it: the more
   * branches are known, the less likely is another one.
   */
  doubt: number;
}

/** Guesses a place that parts a gap into two alike, or that proves that there is nothing past a branch. */
function guessIn(
  alphabet: Alphabet,
  low: Points,
  position: number,
  high: Points,
): Guess | undefined {
  const shared = low.slice(0, position);
  const least = low[position] ?? -1;
  const end = high[position] ?? BEHIND_ALL;
  const isLonger = high.length > position + 1;
  const middle = alphabet.middle(position, least, isLonger ? end + 1 : end);
  if (middle !== undefined) {
    const key = textOf([...shared, middle.point]);
    return { key, branch: position, doubt: middle.isPast ? 1 : 0 };
  }
  // The characters up to the first position that differs are the same in all keys that were seen here.
  let branch = position;
  if (alphabet.branches(position) < 2) {
    const further = low.findIndex((_, at) => at > position && alphabet.branches(at) > 1);
    branch = further < 0 ? position : further - 1;
  }
  const next = pointAfter(low[branch] ?? -1);
  if (next >= BEHIND_ALL) return undefined;
  const doubt = 1 / Math.max(1, alphabet.branches(branch));
  return { key: textOf([...low.slice(0, branch), next]), branch, doubt };
}

/** The logarithm of the number of keys in a unit of distance at the end of a run. */
function densityAtEnd(alphabet: Alphabet, { kept }: Run): number | undefined {
  return densityOf(alphabet, kept.slice(-KEPT_AT_AN_END));
}

/** The same at the start of a run, if keys there have this start. */
function densityAtStart(alphabet: Alphabet, { kept }: Run, shared: Points): number | undefined {
  const alike = kept.filter(({ points }) => sharedLength(points, shared) === shared.length);
  return densityOf(alphabet, alike.slice(0, KEPT_AT_AN_END));
}

function densityOf(alphabet: Alphabet, kept: readonly Kept[]): number | undefined {
  const [first, last] = [kept[0], kept.at(-1)];
  if (first === undefined || last === undefined || first === last) return undefined;
  const distance = alphabet.distance(first.points, last.points);
  return Number.isFinite(distance) ? Math.log(last.index - first.index) - distance : undefined;
}
