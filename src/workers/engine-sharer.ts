import { setTimeout as sleep } from 'node:timers/promises';
import { MangamotionError } from '../errors.js';
import type { WorkProgress } from '../progress.js';
import type { TextSeal } from '../repository/runs/text-seal.js';
import type { Engine } from './engine.js';
import { type HandOutOptions, type Outcome, handOut } from './hand-out.js';
import type { ShareOutcome, Sharer } from './sharer.js';
import type { SharedWork, Work } from './work.js';

export interface EngineSharerOptions {
  engine: Engine<Work>;
  /** What is done with which backup. */
  work: DistributiveOmit<SharedWork, 'share' | 'options'>;
  /** What hides options and answers from the engine. */
  seal: TextSeal;
  signal: AbortSignal;
  progress: WorkProgress;
  /** In ms; tests set shorter times. */
  times?: Omit<HandOutOptions, 'nameOf'>;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** Lets the workers of an engine do shares. */
export class EngineSharer implements Sharer {
  readonly name: string;
  readonly #options: EngineSharerOptions;
  #isClosed = false;

  constructor(options: EngineSharerOptions) {
    this.#options = options;
    this.name = options.engine.name;
  }

  async share(of: number, options: string): Promise<ShareOutcome[]> {
    const { engine, work, seal, signal, progress, times } = this.#options;
    const sealed = seal.seal(options);
    const works = Array.from({ length: of }, (_, at): Work => ({
      ...work,
      share: { index: at + 1, of },
      options: sealed,
    }));
    const context = { signal, progress, sleep: (ms: number) => sleep(ms, undefined, { signal }) };
    const nameOf = (number: number) => `share ${number} of ${of}`;
    const outcomes = await handOut(context, engine, works, { ...times, nameOf });
    // A worker that was thought lost must not go on beside what its head does next.
    await this.close();
    return outcomes.map((outcome) => this.#opened(outcome));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#options.engine.close();
  }

  #opened(outcome: Outcome): ShareOutcome {
    if (!('result' in outcome)) return outcome;
    try {
      return { ...outcome, result: this.#options.seal.open(outcome.result) };
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return {
        failure: { code: 'refused', message: `the answer cannot be read: ${error.message}` },
      };
    }
  }
}

/** The error of a worker for a share whose options it cannot open. */
export function cannotOpen(error: SyntaxError): MangamotionError {
  return new MangamotionError(
    'refused',
    `the options of the share cannot be opened: ${error.message}`,
    { hint: 'Copy the host key of the head to each worker.' },
  );
}
