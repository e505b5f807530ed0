import { isMangamotionError } from '../errors.js';
import type { Attempt, Engine, EngineView, FailedOffer, Offer } from './engine.js';

/** Work of which nothing was heard for this long is offered again. */
const LEASE_MS = 30_000;
/** How long a piece that has failed rests before it is offered again, for each attempt. */
const BACKOFF_MS = 5000;
/** How often a piece is offered before it is given up. */
const MOST_ATTEMPTS = 5;

/** What was done about a piece of work. */
export interface Tried {
  number: number;
  /** How often it was offered. */
  attempt: number;
  /** When it was last offered, or its worker last heard of. In ms, by the clock of this process. */
  heardAtMs: number;
  failure: FailedOffer | undefined;
}

export interface AttemptTimes {
  leaseMs?: number | undefined;
  backoffMs?: number | undefined;
}

interface AttemptOptions<T extends Tried> extends AttemptTimes {
  warn: (line: string) => void;
  /** Names a piece for people. */
  nameOf: (tried: T) => string;
}

/**
 * Offers pieces of work again and again, by what the engine tells of their workers. An engine that cannot
 * be reached is waited for: it is told once that it is away, and once that it is back.
 */
export class Attempts<W extends object, T extends Tried> {
  /** When anything was last heard that shows that somebody works. */
  lastNewsMs = performance.now();
  readonly leaseMs: number;
  readonly #engine: Engine<W>;
  readonly #options: AttemptOptions<T>;
  /** What the engine refuses, if it does: a Redis that takes no writes may still be read. */
  #lost: 'look' | 'offer' | undefined;
  #toldNobody = false;
  /** When the engine was last back: its workers take a moment to come back, too. */
  #backAtMs = -Infinity;
  /** When the engine last reported. Pieces are judged as of then, however long it is away or a listing takes. */
  #lookedAtMs = -Infinity;

  constructor(engine: Engine<W>, options: AttemptOptions<T>) {
    this.#engine = engine;
    this.#options = options;
    this.leaseMs = options.leaseMs ?? LEASE_MS;
  }

  /** Resolves to `undefined` while the engine cannot be reached. */
  async look(): Promise<EngineView | undefined> {
    const view = await this.#ask('look', () => this.#engine.look());
    if (view !== undefined) this.#lookedAtMs = performance.now();
    return view;
  }

  /** Notes which pieces are waited for, worked on, or have failed. */
  hear(view: EngineView, pieces: Iterable<T>): void {
    const nowMs = this.#lookedAtMs;
    const byNumber = new Map([...pieces].map((piece) => [piece.number, piece]));
    for (const { number } of view.waiting) {
      const piece = byNumber.get(number);
      // Without a worker it stays offered, and is not offered again and again.
      if (piece !== undefined) piece.heardAtMs = nowMs;
    }
    for (const { number, silentMs } of view.working) {
      const piece = byNumber.get(number);
      if (piece === undefined) continue;
      piece.heardAtMs = Math.max(piece.heardAtMs, nowMs - silentMs);
      if (silentMs < this.leaseMs) this.lastNewsMs = nowMs;
    }
    for (const failure of view.failed) {
      const piece = byNumber.get(failure.number);
      if (piece?.attempt !== failure.attempt || piece.failure !== undefined) continue;
      piece.failure = failure;
      piece.heardAtMs = nowMs;
      this.lastNewsMs = nowMs;
      const { warn, nameOf } = this.#options;
      const which = `attempt ${piece.attempt} of ${MOST_ATTEMPTS}`;
      warn(`${failure.worker} failed at ${nameOf(piece)} (${which}): ${failure.message}`);
    }
  }

  /** Whether nobody worked on a piece at the last look, and it had rested after its failure. */
  isDue({ attempt, failure, heardAtMs }: Tried): boolean {
    if (attempt === 0) return true;
    const { backoffMs = BACKOFF_MS } = this.#options;
    // Workers could not report while the engine was away.
    const quietMs = this.#lookedAtMs - Math.max(heardAtMs, this.#backAtMs);
    return quietMs > (failure === undefined ? this.leaseMs : backoffMs * attempt);
  }

  /** Whether a piece that is due has been offered often enough. */
  isLost({ attempt }: Tried): boolean {
    return attempt >= MOST_ATTEMPTS;
  }

  /** Offers the pieces. An attempt counts once the engine has taken it; to offer one again does no harm. */
  async offer(pieces: readonly T[], workOf: (piece: T) => W): Promise<void> {
    if (pieces.length === 0 || this.#lost === 'look') return;
    const offers = pieces.map((piece): Offer<W> => {
      const next: Attempt = { number: piece.number, attempt: piece.attempt + 1 };
      return { ...workOf(piece), ...next };
    });
    const taken = await this.#ask('offer', async () => {
      await this.#engine.offer(offers);
      return true;
    });
    if (taken === undefined) return;
    for (const piece of pieces) {
      piece.attempt += 1;
      piece.failure = undefined;
      piece.heardAtMs = performance.now();
    }
  }

  /** For how long nothing has come. Warns once where no worker listens for `patienceMs`. */
  idleMs(view: EngineView | undefined, patienceMs: number): number {
    const idleMs = performance.now() - this.lastNewsMs;
    const backMs = performance.now() - this.#backAtMs;
    const isSilent = Math.min(idleMs, backMs) > patienceMs;
    if (view?.workers === 0 && !this.#toldNobody && isSilent) {
      this.#toldNobody = true;
      this.#options.warn(
        `no worker listens on ${this.#engine.name}: start some with "mangamotion backup worker"`,
      );
    }
    if (view !== undefined && view.workers !== 0) this.#toldNobody = false;
    return idleMs;
  }

  async #ask<A>(what: 'look' | 'offer', ask: () => Promise<A>): Promise<A | undefined> {
    const { warn } = this.#options;
    try {
      const answer = await ask();
      if (this.#lost === what) {
        this.#lost = undefined;
        this.#backAtMs = performance.now();
        warn(`${this.#engine.name} is back`);
      }
      return answer;
    } catch (error) {
      if (!isMangamotionError(error, 'unreachable')) throw error;
      if (this.#lost === undefined) warn(`${error.message}: the run goes on when it is back`);
      this.#lost = what;
      return undefined;
    }
  }
}
