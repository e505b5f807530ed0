import type { DrillResult } from './result.js';

/** Measures the parts of a recovery by a clock that is never set back. */
export class Steps {
  readonly all: DrillResult['steps'] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Runs a step. One that fails is noted too. */
  async time<T>(name: string, work: () => Promise<T>): Promise<T> {
    const begunAtMs = this.#nowMs();
    try {
      return await work();
    } finally {
      const seconds = rounded((this.#nowMs() - begunAtMs) / 1000);
      const known = this.all.find((step) => step.name === name);
      if (known === undefined) this.all.push({ name, seconds });
      else known.seconds = rounded(known.seconds + seconds);
    }
  }

  secondsOf(...names: readonly string[]): number {
    return this.all.reduce(
      (sum, { name, seconds }) => sum + (names.includes(name) ? seconds : 0),
      0,
    );
  }

  get seconds(): number {
    return this.secondsOf(...this.all.map(({ name }) => name));
  }
}

/** To milliseconds. */
export function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
