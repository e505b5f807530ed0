import type { Outcome } from './hand-out.js';

export type { Share } from './work.js';
export type ShareOutcome = Outcome;

/** Lets workers do the shares of the work on one backup. */
export interface Sharer {
  /** How workers are reached, for messages. */
  readonly name: string;

  /**
   * Lets workers do each of `of` shares, and shows how far they are. Resolves to one outcome for each, in
   * order; what is left is taken back by then, so it is called once. `options`: JSON text for the workers.
   * Rejects with the reason of the signal, and where the engine cannot be used at all.
   */
  share(of: number, options: string): Promise<ShareOutcome[]>;

  /** Takes back what is left. Never rejects. */
  close(): Promise<void>;
}
