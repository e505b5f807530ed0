import { countOf } from '../count-of.js';
import type { WorkProgress } from '../progress.js';
import { type AttemptTimes, Attempts, type Tried } from './attempts.js';
import type { Engine, EngineView, FailedOffer, OfferAtWork } from './engine.js';

const POLL_MS = 1000;
/** How long somebody is waited for where nobody listens, or the engine cannot be reached. */
const NOBODY_MS = 60_000;
/** How long nothing may come while workers listen: they work for others. */
const PATIENCE_MS = 600_000;

export interface HandOutContext {
  signal: AbortSignal;
  progress: WorkProgress;
  sleep: (ms: number) => Promise<void>;
}

export interface HandOutOptions extends AttemptTimes {
  /** Names a piece for people: `share 3 of 16`. */
  nameOf: (number: number) => string;
  /** In ms; tests set shorter times. */
  pollMs?: number | undefined;
  nobodyMs?: number | undefined;
  patienceMs?: number | undefined;
}

/** What came of a piece: the answer of a worker, and how often it was offered; or why there is none. */
export type Outcome =
  | { result: string; attempts: number }
  | { failure: Pick<FailedOffer, 'code' | 'message'> };

interface Piece<W> extends Tried {
  work: W;
  outcome: Outcome | undefined;
  /** The most that a worker has reported of it. */
  objects: number;
  bytes: number;
}

/**
 * Offers each piece of work until a worker answers, or until it has failed again and again, or nobody
 * works. Resolves to one outcome for each, in order. Rejects only with the reason of the signal, and with
 * errors of the engine other than `unreachable`.
 */
export async function handOut<W extends object>(
  { signal, progress, sleep }: HandOutContext,
  engine: Engine<W>,
  works: readonly W[],
  options: HandOutOptions,
): Promise<Outcome[]> {
  const { nameOf, pollMs = POLL_MS } = options;
  const pieces = works.map((work, at): Piece<W> => ({
    ...{ work, number: at + 1, attempt: 0, heardAtMs: performance.now() },
    ...{ failure: undefined, outcome: undefined, objects: 0, bytes: 0 },
  }));
  const attempts = new Attempts<W, Piece<W>>(engine, {
    ...options,
    warn: (line) => progress.warn(line),
    nameOf: ({ number }) => nameOf(number),
  });
  for (;;) {
    signal.throwIfAborted();
    const view = await attempts.look();
    if (view !== undefined) hear(view, pieces, attempts);
    giveUp(view, pieces, attempts, { ...options, name: engine.name });
    progress.workers?.(
      (view?.working ?? []).map(({ number: shard, ...how }) => ({ shard, ...how })),
    );
    progress.update(sumOf(pieces));
    const open = pieces.filter(isOpen);
    if (open.length === 0) return pieces.flatMap(({ outcome }) => outcome ?? []);
    const due = open.filter((piece) => attempts.isDue(piece));
    await attempts.offer(due, ({ work }) => work);
    await sleep(pollMs);
  }
}

function sumOf(pieces: readonly Piece<unknown>[]): { objects: number; bytes: number } {
  const sum = { objects: 0, bytes: 0 };
  for (const { objects, bytes } of pieces) {
    sum.objects += objects;
    sum.bytes += bytes;
  }
  return sum;
}

function isOpen({ outcome }: Piece<unknown>): boolean {
  return outcome === undefined;
}

function hear<W extends object>(
  view: EngineView,
  pieces: readonly Piece<W>[],
  attempts: Attempts<W, Piece<W>>,
): void {
  attempts.hear(view, pieces.filter(isOpen));
  for (const { number, objects, bytes } of view.working) {
    const piece = pieces[number - 1];
    if (piece === undefined) continue;
    piece.objects = Math.max(piece.objects, objects);
    piece.bytes = Math.max(piece.bytes, bytes);
  }
  for (const { number, result } of view.answered ?? []) {
    const piece = pieces[number - 1];
    // The first answer counts: a worker that was thought lost may answer, too.
    if (piece === undefined || !isOpen(piece)) continue;
    piece.outcome = { result, attempts: piece.attempt };
    attempts.lastNewsMs = performance.now();
  }
}

/** Settles what no worker will do. */
function giveUp<W extends object>(
  view: EngineView | undefined,
  pieces: readonly Piece<W>[],
  attempts: Attempts<W, Piece<W>>,
  {
    name,
    nobodyMs = NOBODY_MS,
    patienceMs = PATIENCE_MS,
  }: Pick<HandOutOptions, 'nobodyMs' | 'patienceMs'> & { name: string },
): void {
  for (const piece of pieces.filter(isOpen)) {
    if (!attempts.isLost(piece) || !attempts.isDue(piece)) continue;
    const { code, message } = piece.failure ?? LOST;
    piece.outcome = { failure: { code, message } };
  }
  const idleMs = attempts.idleMs(view, nobodyMs / 6);
  // The job of a worker that was killed stays at work: only other workers would find that out.
  const isSilent = ({ silentMs }: OfferAtWork) => silentMs >= attempts.leaseMs;
  const hasNobody = view === undefined || (view.workers === 0 && view.working.every(isSilent));
  if (idleMs <= (hasNobody ? nobodyMs : patienceMs)) return;
  const seconds = countOf(Math.round(idleMs / 1000), 'second');
  const message = `nothing has come from ${name} for ${seconds}`;
  for (const piece of pieces.filter(isOpen)) {
    piece.outcome = { failure: { code: 'unreachable', message } };
  }
}

const LOST = {
  code: 'unreachable',
  message: 'each worker that took it was lost',
} as const;
