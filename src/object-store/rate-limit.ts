import { Transform } from 'node:stream';

/** The limits of all stores of a run together: what is sent, and what is received. */
export interface RateLimits {
  up: TokenBucket;
  down: TokenBucket;
}

export function rateLimits(bytesPerSecond: number): RateLimits {
  return { up: new TokenBucket(bytesPerSecond), down: new TokenBucket(bytesPerSecond) };
}

/** The clock of a limit, in milliseconds. */
export interface RateClock {
  now: () => number;
  /** Calls back after this time. The returned function cancels the call. */
  after: (ms: number, callback: () => void) => () => void;
}

const systemClock: RateClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** With larger pieces, a fast network would send a lot at once and then pause for long. */
const MOST_PIECE_BYTES = 16 * 1024;
const LEAST_PIECE_BYTES = 256;
/** If the rate is low, a piece is as large as what passes in this time. */
const PIECE_SECONDS = 0.25;
/** The most that Node.js reads from a socket at once. */
const READ_BYTES = 64 * 1024;
/** Servers close a connection that has been idle for about a minute. */
const LONGEST_PAUSE_SECONDS = 10;

/** Lets a number of bytes pass per second, in the order of the calls. Unused capacity is not saved up. */
export class TokenBucket {
  /** The number of bytes that are sent at once. */
  readonly pieceBytes: number;
  /** The number of answers that may be read at the same time. Each of them then moves on often enough. */
  readonly mostAnswers: number;
  readonly #bytesPerMs: number;
  readonly #clock: RateClock;
  #freeAt = 0;

  constructor(bytesPerSecond: number, clock = systemClock) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#clock = clock;
    const piece = Math.floor(bytesPerSecond * PIECE_SECONDS);
    this.pieceBytes = Math.min(MOST_PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, piece));
    const reads = Math.floor((bytesPerSecond * LONGEST_PAUSE_SECONDS) / READ_BYTES);
    this.mostAnswers = Math.max(1, reads);
  }

  /** Counts the bytes, and returns the number of milliseconds after which they may have passed. */
  take(bytes: number): number {
    const now = this.#clock.now();
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.#bytesPerMs;
    return this.#freeAt - now;
  }

  /** Counts the bytes, and calls back when they may have passed. The returned function cancels the call. */
  hold(bytes: number, proceed: () => void): () => void {
    return this.#clock.after(this.take(bytes), proceed);
  }
}

/** Lets bytes through at the rate of the bucket. */
export function throttle(bucket: TokenBucket): Transform {
  let forget = (): void => undefined;
  const stream: Transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const pieces = piecesOf(chunk, bucket.pieceBytes);
      const next = (): void => {
        const piece = pieces.next();
        if (piece.done === true) {
          done();
          return;
        }
        forget = bucket.hold(piece.value.length, () => {
          stream.push(piece.value);
          next();
        });
      };
      next();
    },
    destroy(error, done) {
      forget();
      done(error);
    },
  });
  return stream;
}

function* piecesOf(chunk: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let begin = 0; begin < chunk.length; begin += pieceBytes) {
    yield chunk.subarray(begin, begin + pieceBytes);
  }
}
