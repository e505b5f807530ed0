import { Transform } from 'node:stream';

/** The limits of all stores of a run together: what is sent, and what is received. */
export interface RateLimits {
  up: TokenBucket;
  down: TokenBucket;
}

export function rateLimits(bytesPerSecond: number): RateLimits {
  return { up: new TokenBucket(bytesPerSecond), down: new TokenBucket(bytesPerSecond) };
}

/** Time as a limit sees it, in milliseconds. */
export interface RateClock {
  now: () => number;
  /** Calls back after so long, unless the returned function is called before. */
  after: (ms: number, callback: () => void) => () => void;
}

const systemClock: RateClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** Larger pieces would let a fast network send much at once, and nothing for long. */
const MOST_PIECE_BYTES = 16 * 1024;
const LEAST_PIECE_BYTES = 256;
/** With a low rate, a piece that takes this long. */
const PIECE_SECONDS = 0.25;
/** Node reads so much from a socket at once. */
const READ_BYTES = 64 * 1024;
/** Servers give up a connection on which nothing has moved for a minute or so. */
const LONGEST_PAUSE_SECONDS = 10;

/** Passes so many bytes per second, in the order in which they were asked for. It saves nothing up. */
export class TokenBucket {
  /** What is sent at once. */
  readonly pieceBytes: number;
  /** How many answers may be read at the same time, so that each of them moves on now and then. */
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

  /** Counts bytes, and returns for how many milliseconds to wait after them. */
  take(bytes: number): number {
    const now = this.#clock.now();
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.#bytesPerMs;
    return this.#freeAt - now;
  }

  /** Counts bytes, and calls back when they may have passed, unless the returned function is called. */
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
