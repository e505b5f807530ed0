import { isMangamotionError } from '../../errors.js';
import type { ListedObject } from '../../object-store/port.js';
import type { RunPlan } from '../../repository/runs/run-plan.js';
import { writeSplit } from '../../repository/runs/splits.js';
import type { KeyRange } from '../../repository/summary.js';
import { bisect } from '../../ranges/bisect.js';
import type { ShardContext, SplitLimits } from './shard-context.js';

type Context = Pick<ShardContext, 'store' | 'destination' | 'signal' | 'progress'>;

/** Divides a range that proves to be too large while it is listed: other workers get the end of it. */
export class Division {
  readonly #context: Context;
  readonly #plan: RunPlan;
  readonly #range: KeyRange;
  readonly #limits: SplitLimits;
  #objects = 0;
  #bytes = 0;
  #beganMs = performance.now();
  #hasWarned = false;

  /** `range`: its `through` is moved when it is divided. */
  constructor(context: Context, plan: RunPlan, range: KeyRange, limits: SplitLimits) {
    this.#context = context;
    this.#plan = plan;
    this.#range = range;
    this.#limits = limits;
  }

  /** Call it after each page of the listing, which ends before the range does. */
  async after(page: readonly ListedObject[]): Promise<void> {
    this.#objects += page.length;
    for (const { sizeBytes } of page) this.#bytes += sizeBytes;
    const last = page.at(-1)?.key;
    const { objects, bytes, ms } = this.#limits;
    const tookMs = performance.now() - this.#beganMs;
    if (last === undefined) return;
    if (this.#objects < objects && this.#bytes < bytes && tookMs < ms) return;
    this.#objects = 0;
    this.#bytes = 0;
    this.#beganMs = performance.now();
    const key = await this.#middle(last);
    if (key === undefined) return;
    const { bucket, through } = this.#range;
    // The end of this range is only moved once others can know.
    if (await this.#tell({ bucket, after: key, through })) this.#range.through = key;
  }

  /** Resolves to whether the split was recorded; if not, the range is not given away. */
  async #tell(range: KeyRange): Promise<boolean> {
    const { destination, signal, progress } = this.#context;
    try {
      await writeSplit(destination, this.#plan, range);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      if (!this.#hasWarned) progress.warn(`a large range is not divided: ${error.message}`);
      this.#hasWarned = true;
      return false;
    }
  }

  /** Resolves to `undefined` if the store cannot tell, so that the range is not divided. */
  async #middle(last: string): Promise<string | undefined> {
    const { store, signal } = this.#context;
    try {
      return await bisect(store, this.#range, last, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      return undefined;
    }
  }
}
