import type { ErrorCode } from '../errors.js';

/**
 * The port to what hands out work to workers. Nothing rests on it: the truth about the work lies at the
 * destination or at the target, and work that is done twice does no harm.
 */
export interface Engine<W extends object> {
  /** How workers are reached, for messages: `the queue mangamotion-backup at 127.0.0.1:6379`. */
  readonly name: string;

  /**
   * Offers work to whoever is free. What was offered before under the same number and attempt is not
   * offered twice. Rejects with `unreachable`.
   */
  offer(offers: readonly Offer<W>[]): Promise<void>;

  /** Resolves to what is known of the workers and of the offers of this head. Rejects with `unreachable`. */
  look(): Promise<EngineView>;

  /** Resolves when something has changed that `look` or the destination shows. Absent: that is not known. */
  changed?(): Promise<void>;

  /** Takes back what nobody has begun, and tells workers that it is no longer wanted. Never rejects. */
  close(): Promise<void>;
}

/** A piece of work, and which attempt at it this is. */
export type Offer<W extends object> = W & Attempt;

export interface Attempt {
  /** The number of the piece among those of the head. */
  number: number;
  /** Counts from 1. Another attempt is another offer. */
  attempt: number;
}

export interface EngineView {
  /** The workers that listen, whether they have work or not; `undefined` if that is unknown. */
  workers: number | undefined;
  /** The offers that nobody has begun. */
  waiting: Attempt[];
  working: OfferAtWork[];
  failed: FailedOffer[];
  /** What workers have answered. Absent where no answers are kept: then the destination tells. */
  answered?: AnsweredOffer[];
}

/** An offer that a worker has taken. */
export interface OfferAtWork extends Attempt {
  /** The name of the worker: host, process and slot. */
  worker: string;
  objects: number;
  bytes: number;
  /** How long ago the worker began, and last reported anything. In ms, by the clock of the engine. */
  elapsedMs: number;
  silentMs: number;
}

/** An offer that a worker has given up. */
export interface FailedOffer extends Attempt {
  worker: string;
  code: ErrorCode;
  message: string;
}

/** The answer of a worker: text that anybody may have written who has access to the engine. */
export interface AnsweredOffer extends Attempt {
  result: string;
}
