import { compareKeys } from '../key-order.js';
import { Alphabet, type Trial } from './alphabet.js';
import { branchOf, guessIn } from './gap-guess.js';
import { type Points, pointsOf, sharedLength } from './key-points.js';
import {
  type Gap,
  type Run,
  type Stretch,
  densityAtEnd,
  densityAtStart,
  gapBetween,
  runOf,
} from './stretches.js';

/** The number of pages whose keys tell what other keys look like. */
const PAGES_NEARBY = 12;
/** So many pages tell it well enough. */
const ENOUGH_PAGES = 8;
/** See `Guess`: at most two branches are known. */
const UNKNOWN_DOUBT = 1 / 2;

/** A place at which the keys may be cut, and the estimated number of keys up to it. */
export interface CutPlace {
  key: string;
  before: number;
}

/** A gap with a place to look at. */
export type GuessedGap = Gap & { guess: string };

/** The keys of a page, and whether there are no more up to the end of what was asked for. */
export interface FoundKeys {
  keys: readonly string[];
  isEnd: boolean;
}

/**
 * A picture of the keys of a range: the pages that were listed, and what lies between them, estimated from
 * the density of the pages. Pure.
 */
export class KeyMap {
  /** In the order of the keys. */
  readonly #stretches: Stretch[] = [];
  readonly #trials: Trial[] = [];

  /** Adds the keys of a page behind all others. */
  append(keys: readonly string[]): void {
    this.#stretches.push(runOf(keys));
  }

  /** Adds what lies behind all others, of which nothing is known. */
  leaveOpen(after: string, through: string | null): void {
    this.#stretches.push(gapBetween(after, through));
    this.#estimateAround(this.#stretches.length - 1);
  }

  /** Puts what was listed from the guess on in the place of its gap. */
  fill(gap: GuessedGap, { keys, isEnd }: FoundKeys): void {
    const { guess, after, through } = gap;
    if (!gap.isUnknown) {
      const isHit = keys[0]?.startsWith(guess) === true;
      this.#trials.push({ points: pointsOf(guess), isHit });
    }
    const near: Stretch[] = [gapBetween(after, guess)];
    const last = keys.at(-1);
    if (last !== undefined) {
      near.push(runOf(keys));
      if (!isEnd) near.push(gapBetween(last, through));
    }
    const at = this.#stretches.indexOf(gap);
    this.#stretches.splice(at, 1, ...near);
    for (let i = 0; i < near.length; i++) this.#estimateAround(at + i);
  }

  /** Estimates made by few pages are wrong where later ones show more of what keys look like. */
  estimateAll(): void {
    for (let at = 0; at < this.#stretches.length; at++) this.#estimateAround(at);
  }

  /** Returns the gaps that can hold more than this part of all, or about which nothing is known, largest first. */
  gapsAbove(part: number): GuessedGap[] {
    const enough = this.total * part;
    return this.#stretches
      .filter((one): one is GuessedGap => one.kind === 'gap' && one.guess !== undefined)
      .filter(({ most, isUnknown }) => most > enough || isUnknown)
      .sort((a, b) => b.most - a.most);
  }

  /** The number of keys of the largest page. */
  get largestRun(): number {
    const weights = this.#stretches.map(({ kind, weight }) => (kind === 'run' ? weight : 0));
    return Math.max(0, ...weights);
  }

  /** The estimated number of keys. */
  get total(): number {
    return this.#stretches.reduce((sum, { weight }) => sum + weight, 0);
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

function numberOf(logarithm: number): number {
  return Math.min(1e15, Math.exp(logarithm));
}
