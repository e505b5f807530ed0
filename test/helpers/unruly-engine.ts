import type { ShardEngine, ShardOffer } from '../../src/backup/shards/engine.js';
import { MangamotionError, isMangamotionError } from '../../src/errors.js';
import type { EngineView, FailedOffer, OfferAtWork } from '../../src/workers/engine.js';

/** An engine that does what queues do: it loses offers, makes them twice, forgets all, and cannot be reached. */

type OfferFate = 'reaches' | 'lost' | 'twice';

export interface UnrulyChoices {
  offerFate: () => OfferFate;
  /** Whether the next answer fails, is an old one, or is that of a server that has forgotten everything. */
  lookFate: () => 'true' | 'unreachable' | 'old' | 'flushed';
  slots: number;
}

/** Captures an offer; `report` tells how far it is. Rejects as `workOnShard`; `silent`: the worker died. */
export type Work = (
  offer: ShardOffer,
  report: (counts: { objects: number; bytes: number }) => void,
) => Promise<'done' | 'silent'>;

interface Job {
  offer: ShardOffer;
  worker: string;
  beganMs: number;
  heardMs: number;
  objects: number;
  bytes: number;
}

export class UnrulyEngine implements ShardEngine {
  readonly name = 'the unruly queue';
  /** Everything that was ever put into the queue, as it was put there. */
  readonly seen: string[] = [];
  readonly #work: Work;
  readonly #choices: UnrulyChoices;
  readonly #known = new Set<string>();
  #waiting: ShardOffer[] = [];
  #working = new Set<Job>();
  #failed: FailedOffer[] = [];
  #old: EngineView | undefined;
  #busy = 0;
  #isClosed = false;
  /** Settle when no worker of this engine does anything any more. */
  readonly running = new Set<Promise<void>>();

  constructor(work: Work, choices: UnrulyChoices) {
    this.#work = work;
    this.#choices = choices;
  }

  async offer(offers: readonly ShardOffer[]): Promise<void> {
    await this.#reach();
    this.seen.push(JSON.stringify(offers));
    for (const offer of offers) {
      const name = `${offer.number}-${offer.attempt}`;
      if (this.#known.has(name)) continue;
      this.#known.add(name);
      const fate = this.#choices.offerFate();
      if (fate !== 'lost') this.#waiting.push(offer);
      if (fate === 'twice') this.#waiting.push(offer);
    }
    this.#next();
  }

  async look(): Promise<EngineView> {
    const fate = this.#choices.lookFate();
    if (fate === 'unreachable') throw unreachable();
    if (fate === 'old' && this.#old !== undefined) return this.#old;
    if (fate === 'flushed') this.#flush();
    await Promise.resolve();
    const nowMs = performance.now();
    const working = [...this.#working].map(
      ({ offer, worker, beganMs, heardMs, objects, bytes }): OfferAtWork => ({
        ...{ number: offer.number, attempt: offer.attempt, worker, objects, bytes },
        ...{ elapsedMs: nowMs - beganMs, silentMs: nowMs - heardMs },
      }),
    );
    const waiting = this.#waiting.map(({ number, attempt }) => ({ number, attempt }));
    this.#old = { workers: this.#choices.slots, waiting, working, failed: [...this.#failed] };
    return this.#old;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = [];
    return Promise.resolve();
  }

  async #reach(): Promise<void> {
    await Promise.resolve();
    if (this.#choices.lookFate() === 'unreachable') throw unreachable();
  }

  #flush(): void {
    this.#waiting = [];
    this.#working = new Set();
    this.#failed = [];
    this.#known.clear();
  }

  #next(): void {
    while (!this.#isClosed && this.#busy < this.#choices.slots) {
      const offer = this.#waiting.shift();
      if (offer === undefined) return;
      this.#busy += 1;
      const running = this.#begin(offer).finally(() => {
        this.running.delete(running);
        this.#busy -= 1;
        this.#next();
      });
      this.running.add(running);
    }
  }

  async #begin(offer: ShardOffer): Promise<void> {
    const nowMs = performance.now();
    const worker = `worker-${offer.number}-${offer.attempt}`;
    const job = { offer, worker, beganMs: nowMs, heardMs: nowMs, objects: 0, bytes: 0 };
    this.#working.add(job);
    try {
      const report = (counts: { objects: number; bytes: number }): void => {
        Object.assign(job, counts, { heardMs: performance.now() });
      };
      if ((await this.#work(offer, report)) === 'done') this.#working.delete(job);
    } catch (error) {
      this.#working.delete(job);
      const { number, attempt } = offer;
      const code = isMangamotionError(error) ? error.code : 'internal';
      const message = error instanceof Error ? error.message : String(error);
      this.#failed.push({ number, attempt, worker, code, message });
    }
  }
}

function unreachable(): MangamotionError {
  return new MangamotionError('unreachable', 'the unruly queue cannot be reached');
}
