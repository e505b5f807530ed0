import { countOf } from '../../count-of.js';
import { MangamotionError } from '../../errors.js';
import type { KeyRange } from '../../repository/summary.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { captureShard } from './capture-shard.js';
import type { ShardContext } from './shard-context.js';
import { type Coverage, type Gap, coverageOf } from './coverage.js';
import { type AttemptTimes, Attempts, type Tried } from '../../workers/attempts.js';
import type { EngineView } from '../../workers/engine.js';
import type { ShardEngine } from './engine.js';
import { isPast, rangeText } from '../../ranges/key-range.js';
import type { PartList } from './part-list.js';

/** How long a run waits where no worker listens and nothing comes. */
const PATIENCE_MS = 600_000;
const POLL_MS = 2000;

export interface GatherOptions extends AttemptTimes {
  engine: ShardEngine;
  parts: PartList;
  /** In ms; tests set shorter times. */
  patienceMs?: number | undefined;
  pollMs?: number | undefined;
}

/** An offer to workers of a range that has no part yet. */
interface Offer extends Tried {
  range: KeyRange;
}

/**
 * Offers the shards of a plan to workers until parts cover all of them, and resolves to those parts. The
 * parts at the destination decide what is done; the engine only tells who works. A range that fails again
 * and again is given up: what the earlier backup holds of it is taken over, and the failure is named.
 * Rejects if all of them fail, or if nobody works on them.
 */
export async function gatherParts(
  context: ShardContext,
  plan: RunPlan,
  options: GatherOptions,
): Promise<Coverage['chosen']> {
  return await new Gathering(context, plan, options).run();
}

class Gathering {
  readonly #context: ShardContext;
  readonly #plan: RunPlan;
  readonly #options: GatherOptions;
  readonly #attempts: Attempts<{ range: KeyRange }, Offer>;
  readonly #offers = new Map<string, Offer>();
  /** The numbers of the ranges that this process has captured itself, because workers failed. */
  readonly #givenUp = new Set<number>();
  #nextNumber: number;
  /** Whether the engine has told which numbers an earlier head of the run has given out. */
  #hasHeard = false;
  #covered = -1;

  constructor(context: ShardContext, plan: RunPlan, options: GatherOptions) {
    this.#context = context;
    this.#plan = plan;
    this.#options = options;
    this.#attempts = new Attempts(options.engine, {
      ...options,
      warn: (line) => context.progress.warn(line),
      nameOf: ({ range }) => this.#nameOf(range),
    });
    this.#nextNumber = plan.shards.length;
  }

  async run(): Promise<Coverage['chosen']> {
    const { parts } = this.#options;
    const { signal } = this.#context;
    for (;;) {
      signal.throwIfAborted();
      // First the engine: what it reports as done must have its part by then.
      const view = await this.#attempts.look();
      if (view !== undefined) this.#hear(view);
      if (!this.#hasHeard) {
        this.#checkPatience(view);
        await this.#pause();
        continue;
      }
      await parts.refresh();
      const coverage = coverageOf(this.#plan, parts.parts, parts.givenAway);
      if (coverage.gaps.length === 0) return coverage.chosen;
      if (coverage.chosen.length !== this.#covered) {
        this.#covered = coverage.chosen.length;
        this.#attempts.lastNewsMs = performance.now();
      }
      this.#show(coverage, view);
      if (!(await this.#fill(coverage, view))) await this.#pause();
    }
  }

  #hear(view: EngineView): void {
    this.#hasHeard = true;
    this.#attempts.hear(view, this.#offers.values());
    // A head before this one may have divided ranges, whose jobs are still there.
    for (const { number } of [...view.waiting, ...view.working, ...view.failed]) {
      this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    }
  }

  /** Offers what nobody works on. Resolves to whether a range was given up, so that a part is new. */
  async #fill({ gaps, chosen }: Coverage, view: EngineView | undefined): Promise<boolean> {
    const due = gaps
      .map((gap) => ({ gap, offer: this.#offerFor(gap) }))
      .filter(({ offer }) => this.#attempts.isDue(offer));
    const lost = due.filter(({ offer }) => this.#attempts.isLost(offer));
    if (lost.length > 0 && lost.length === gaps.length) this.#refuseIfAllFail(lost, chosen);
    // As long as no worker has finished anything, it may be that none of them can.
    if (lost.length > 0 && (lost.length === gaps.length || this.#hasCaptured(chosen))) {
      for (const { gap, offer } of lost) await this.#giveUp(gap, offer);
      return true;
    }
    this.#checkPatience(view);
    const offers = due.map(({ offer }) => offer).filter((one) => !this.#attempts.isLost(one));
    await this.#attempts.offer(offers, ({ range }) => ({ range }));
    return false;
  }

  /** Returns whether any worker has finished a range of the run, under this head or an earlier one. */
  #hasCaptured(chosen: Coverage['chosen']): boolean {
    return chosen.some(({ manifest }) => !this.#givenUp.has(manifest.shard?.number ?? -1));
  }

  #offerFor({ shard, range }: Gap): Offer {
    const name = JSON.stringify([range.bucket, range.after, range.through]);
    const known = this.#offers.get(name);
    if (known !== undefined) return known;
    const divided = this.#dividedTo(range);
    if (divided !== undefined) return divided;
    const whole = this.#plan.shards[shard]?.range;
    const isWhole = whole?.after === range.after && whole.through === range.through;
    const number = isWhole ? shard : this.#nextNumber++;
    const offer: Offer = {
      number,
      range,
      attempt: 0,
      heardAtMs: performance.now(),
      failure: undefined,
    };
    this.#offers.set(name, offer);
    return offer;
  }

  /** Returns the offer whose worker goes on with this range, and has given away what follows it. */
  #dividedTo(range: KeyRange): Offer | undefined {
    const { bucket, after, through } = range;
    if (through === null) return undefined;
    for (const [name, offer] of this.#offers) {
      const was = offer.range;
      if (was.bucket !== bucket || was.after !== after || !isPastEnd(was, through)) continue;
      this.#offers.delete(name);
      offer.range = range;
      this.#offers.set(JSON.stringify([bucket, after, through]), offer);
      return offer;
    }
    return undefined;
  }

  /** Rejects where nobody works for a long time. What is there stays for the next head of the run. */
  #checkPatience(view: EngineView | undefined): void {
    const { engine, patienceMs = PATIENCE_MS } = this.#options;
    const idleMs = this.#attempts.idleMs(view, this.#attempts.leaseMs / 3);
    if (idleMs <= patienceMs) return;
    throw new MangamotionError(
      'unreachable',
      `nothing has come from ${engine.name} for ${countOf(Math.round(idleMs / 60_000), 'minute')}`,
      { hint: this.#goOnHint() },
    );
  }

  #goOnHint(): string {
    return `The parts stay. Start workers, then go on with "--run ${this.#plan.run}".`;
  }

  /** `lost`: all ranges that are left. Rejects if no worker has finished any. */
  #refuseIfAllFail(lost: readonly { offer: Offer }[], chosen: Coverage['chosen']): void {
    if (this.#hasCaptured(chosen)) return;
    const failure = lost.map(({ offer }) => offer.failure).find((one) => one !== undefined);
    const code = failure === undefined ? 'unreachable' : failure.code;
    const why = failure === undefined ? 'none has reported anything' : failure.message;
    throw new MangamotionError(
      code === 'internal' ? 'refused' : code,
      `every worker has given up: ${why}`,
      { hint: this.#goOnHint() },
    );
  }

  async #giveUp({ isGone }: Gap, { number, range, attempt, failure }: Offer): Promise<void> {
    const why = failure?.message ?? 'no worker has finished it';
    // Without room at the destination there is no backup, and no fault of the range.
    if (failure?.code === 'disk') {
      throw new MangamotionError('disk', why, { hint: this.#goOnHint() });
    }
    if (this.#givenUp.has(number)) throw unusable(this.#nameOf(range));
    this.#givenUp.add(number);
    const text = `${this.#nameOf(range)}: ${why} (${countOf(attempt, 'attempt')})`;
    this.#context.progress.warn(`given up: ${text}`);
    const givenUp = new MangamotionError('damaged', text);
    const { id } = await captureShard(this.#context, this.#plan, {
      ...{ number, range, isGone, givenUp },
    });
    this.#options.parts.takeGivenUp(id);
  }

  #show({ chosen }: Coverage, view: EngineView | undefined): void {
    const done = { objects: 0, bytes: 0 };
    for (const { manifest } of chosen) {
      done.objects += manifest.objects.total;
      done.bytes += manifest.copied_bytes ?? 0;
    }
    for (const { objects, bytes } of view?.working ?? []) {
      done.objects += objects;
      done.bytes += bytes;
    }
    const { progress } = this.#context;
    progress.update(done);
    progress.workers?.(
      (view?.working ?? []).map(({ number: shard, worker, ...how }) => ({ shard, worker, ...how })),
    );
  }

  async #pause(): Promise<void> {
    const { pollMs = POLL_MS, engine } = this.#options;
    const { clock } = this.#context;
    await Promise.race([
      clock.sleep(pollMs),
      ...(engine.changed === undefined ? [] : [engine.changed()]),
    ]);
  }

  #nameOf(range: KeyRange): string {
    return rangeText(range, this.#plan.recipients.length > 0);
  }
}

/** The part that the head itself has written is not one that it takes. */
function unusable(range: string): MangamotionError {
  return new MangamotionError(
    'damaged',
    `no part of ${range} could be used, not even the head's own`,
    {
      hint: 'The warnings above say what is wrong with the parts.',
    },
  );
}

/** Whether a range reaches beyond a key. */
function isPastEnd({ through }: KeyRange, key: string): boolean {
  return through === null || isPast(through, key);
}
