import { randomUUID } from 'node:crypto';
import { inParallel } from '../in-parallel.js';
import type { ChooseClaims, ClaimStore, StoredClaim } from './claim.js';
import {
  type ClaimSeries,
  claimName,
  endName,
  isSeries,
  isStanding,
  nameOf,
  partName,
  seriesOf,
} from './claim-series.js';

/** Small texts under names, of which claims are made. */
export interface ClaimObjects {
  readonly location: string;
  put(name: string, content: string, signal?: AbortSignal): Promise<void>;
  names(signal?: AbortSignal): Promise<string[]>;
  /** Resolves to `undefined` if there is no such object. */
  read(name: string, signal?: AbortSignal): Promise<StoredClaim | undefined>;
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

/** Claims that are read at once. */
const READ_AT_ONCE = 16;

/**
 * The claims of a lock, of runs that rewrite and delete theirs and of runs that only ever add objects
 * (`appendOnly`; see claim-series.ts). Both kinds see each other's claims alike. Of a series, one object
 * is read, however many parts it has.
 *
 * An append-only run puts a claim that was removed under another series: what is ended stays ended, even if
 * a request that was given up takes effect later.
 */
export class LockClaims implements ClaimStore {
  readonly location: string;
  readonly #objects: ClaimObjects;
  readonly #appendOnly: boolean;
  /** The series of our own claims, by their names. */
  readonly #own = new Map<string, { claim: string; parts: number }>();
  /** What the last listing showed, by the names of the claims. */
  #listed = new Map<string, ClaimSeries>();

  constructor(objects: ClaimObjects, { appendOnly }: { appendOnly: boolean }) {
    this.location = objects.location;
    this.#objects = objects;
    this.#appendOnly = appendOnly;
  }

  async put(name: string, content: string, signal?: AbortSignal): Promise<void> {
    if (!this.#appendOnly) {
      await this.#objects.put(name, content, signal);
      return;
    }
    const own = this.#own.get(name) ?? { claim: claimName(name, randomUUID()), parts: 0 };
    this.#own.set(name, own);
    // A number is used up even if the request fails: it may have taken effect.
    own.parts += 1;
    await this.#objects.put(partName(own.claim, own.parts), content, signal);
  }

  async list(
    signal?: AbortSignal,
    choose: ChooseClaims = (names) => names,
  ): Promise<StoredClaim[]> {
    const all = seriesOf(await this.#objects.names(signal));
    this.#forgetEnded(all);
    const listed = byName(all.filter(isStanding));
    this.#listed = listed;
    const chosen = choose([...listed.keys()].sort());
    const claims = await inParallel(READ_AT_ONCE, chosen, async (name) => {
      const newest = listed.get(name)?.parts.at(-1);
      const stored = newest === undefined ? undefined : await this.#objects.read(newest, signal);
      return stored && { ...stored, name };
    });
    return claims.filter((claim) => claim !== undefined);
  }

  /** A claim of ours that another run has ended is not put again under that series. */
  #forgetEnded(all: readonly ClaimSeries[]): void {
    const ended = new Set(all.filter(({ ends }) => ends.length > 0).map(({ claim }) => claim));
    for (const [name, { claim }] of this.#own) if (ended.has(claim)) this.#own.delete(name);
  }

  /** Of a claim that is a series nothing is deleted: an end is put beside it. */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    const listed = this.#listed.get(name);
    const isOfParts = listed !== undefined && isSeries(listed);
    if (!this.#appendOnly && !isOfParts) {
      await this.#objects.remove(name, signal);
      return;
    }
    const claim = this.#own.get(name)?.claim ?? listed?.claim;
    if (claim === undefined) {
      // Nothing was put.
      signal?.throwIfAborted();
      return;
    }
    const content = `${JSON.stringify({ format: 1, state: 'ended', claim }, null, 2)}\n`;
    await this.#objects.put(endName(claim, randomUUID()), content, signal);
    this.#own.delete(name);
    this.#listed.delete(name);
  }
}

/** If two series have one name, which no run of ours does, both count. */
function byName(standing: readonly ClaimSeries[]): Map<string, ClaimSeries> {
  const found = new Map<string, ClaimSeries>();
  for (const series of standing) {
    const name = nameOf(series.claim);
    found.set(found.has(name) ? series.claim : name, series);
  }
  return found;
}
