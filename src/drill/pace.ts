import type { WorkProgress } from '../progress.js';
import type { PacePoint, Work } from './extrapolate.js';
import { MOST_PACE_POINTS } from './limits.js';

/** Notes how far a step came at which time, in bounded memory. */
export class Pace {
  readonly #nowMs: () => number;
  readonly #begunAtMs: number;
  #points: PacePoint[];
  /** Updates per noted point, and how many came since the last one. */
  #every = 1;
  #since = 0;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#begunAtMs = nowMs();
    this.#points = [{ objects: 0, bytes: 0, seconds: 0 }];
  }

  note({ objects, bytes }: Work): void {
    this.#since += 1;
    if (this.#since < this.#every) return;
    this.#since = 0;
    const seconds = (this.#nowMs() - this.#begunAtMs) / 1000;
    this.#points.push({ objects, bytes, seconds });
    if (this.#points.length <= MOST_PACE_POINTS) return;
    this.#points = this.#points.filter((_, at) => at % 2 === 0);
    this.#every *= 2;
  }

  /** Returns the points, the last of which is the end of the step. */
  end(done: Work): PacePoint[] {
    const seconds = (this.#nowMs() - this.#begunAtMs) / 1000;
    return [...this.#points, { ...done, seconds }];
  }
}

/** Returns a progress that also notes the pace. */
export function noting(progress: WorkProgress, pace: Pace): WorkProgress {
  return {
    start: (label) => progress.start(label),
    phase: (label) => progress.phase(label),
    warn: (line) => progress.warn(line),
    update: (counts) => {
      progress.update(counts);
      const { objects, bytes } = counts;
      if (objects !== undefined && bytes !== undefined) pace.note({ objects, bytes });
    },
  };
}
