import { hostname } from 'node:os';
import { isMangamotionError } from '../../errors.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { captureShard } from './capture-shard.js';
import { isGone } from './part-list.js';
import type { ShardContext } from './shard-context.js';
import type { EngineView, FailedOffer } from '../../workers/engine.js';
import type { ShardEngine, ShardOffer } from './engine.js';

/** Captures shards in this process, one after the other. */
export class LocalEngine implements ShardEngine {
  readonly name = 'this process';
  readonly #context: ShardContext;
  readonly #plan: RunPlan;
  readonly #ending = new AbortController();
  readonly #waiting: ShardOffer[] = [];
  readonly #failed: FailedOffer[] = [];
  readonly #worker = `${hostname()}:${process.pid}`;
  #current: { offer: ShardOffer; objects: number; bytes: number; beganMs: number } | undefined;
  #running: Promise<void> = Promise.resolve();
  #settled = settling();

  constructor(context: ShardContext, plan: RunPlan) {
    this.#plan = plan;
    const signal = AbortSignal.any([context.signal, this.#ending.signal]);
    const progress = {
      ...withoutCounts(context.progress),
      update: (counts: Counts) => this.#count(counts),
    };
    this.#context = { ...context, signal, progress };
  }

  offer(offers: readonly ShardOffer[]): Promise<void> {
    this.#waiting.push(...offers);
    if (this.#current === undefined) this.#next();
    return Promise.resolve();
  }

  look(): Promise<EngineView> {
    const current = this.#current;
    return Promise.resolve({
      workers: 1,
      waiting: this.#waiting.map(({ number, attempt }) => ({ number, attempt })),
      working:
        current === undefined
          ? []
          : [
              {
                ...{ number: current.offer.number, attempt: current.offer.attempt },
                ...{ worker: this.#worker, objects: current.objects, bytes: current.bytes },
                ...{ elapsedMs: performance.now() - current.beganMs, silentMs: 0 },
              },
            ],
      failed: [...this.#failed],
    });
  }

  changed(): Promise<void> {
    return this.#settled.promise;
  }

  async close(): Promise<void> {
    this.#waiting.length = 0;
    this.#ending.abort();
    await this.#running;
  }

  #count({ objects, bytes }: Counts): void {
    if (this.#current === undefined) return;
    this.#current.objects = objects ?? this.#current.objects;
    this.#current.bytes = bytes ?? this.#current.bytes;
  }

  #next(): void {
    const offer = this.#waiting.shift();
    if (offer === undefined) return;
    this.#current = { offer, objects: 0, bytes: 0, beganMs: performance.now() };
    this.#running = this.#capture(offer).finally(() => {
      this.#current = undefined;
      const settled = this.#settled;
      this.#settled = settling();
      settled.resolve();
      if (!this.#ending.signal.aborted) this.#next();
    });
  }

  async #capture(offer: ShardOffer): Promise<void> {
    const { number, attempt, range } = offer;
    const shard = { number, range, isGone: isGone(this.#plan, range) };
    try {
      await captureShard(this.#context, this.#plan, shard);
    } catch (error) {
      if (this.#context.signal.aborted) return;
      const code = isMangamotionError(error) ? error.code : 'internal';
      const message = error instanceof Error ? error.message : String(error);
      this.#failed.push({ number, attempt, worker: this.#worker, code, message });
    }
  }
}

interface Settling {
  promise: Promise<void>;
  resolve: () => void;
}

function settling(): Settling {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

interface Counts {
  objects?: number;
  bytes?: number;
}

/** The counts of a shard are not those of the run. */
function withoutCounts(progress: ShardContext['progress']): ShardContext['progress'] {
  const nothing = (): void => undefined;
  return { start: nothing, phase: nothing, update: nothing, warn: (line) => progress.warn(line) };
}
