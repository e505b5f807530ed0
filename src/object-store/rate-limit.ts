import { Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** The limits of all stores of a run together: what is sent, and what is received. */
export interface RateLimits {
  up: TokenBucket;
  down: TokenBucket;
}

export function rateLimits(bytesPerSecond: number): RateLimits {
  return { up: new TokenBucket(bytesPerSecond), down: new TokenBucket(bytesPerSecond) };
}

/** Passes so many bytes per second, in the order in which they were asked for. It saves nothing up. */
export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #now: () => number;
  #freeAt = 0;

  constructor(bytesPerSecond: number, now = () => performance.now()) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#now = now;
  }

  /** Returns for how many milliseconds to wait after so many bytes, which are counted. */
  take(bytes: number): number {
    const now = this.#now();
    this.#freeAt = Math.max(now, this.#freeAt) + bytes / this.#bytesPerMs;
    return this.#freeAt - now;
  }
}

/** Larger pieces would let a fast network send much at once, and nothing for long. */
const PIECE_BYTES = 16 * 1024;

/** Lets bytes through at the rate of the bucket. */
export function throttle(bucket: TokenBucket): Transform {
  const closed = new AbortController();
  const stream: Transform = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      void (async () => {
        for (const piece of piecesOf(chunk)) {
          await sleep(bucket.take(piece.length), undefined, { signal: closed.signal });
          stream.push(piece);
        }
      })().then(
        () => done(),
        (error: unknown) => done(error as Error),
      );
    },
    destroy(error, done) {
      closed.abort();
      done(error);
    },
  });
  return stream;
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let begin = 0; begin < chunk.length; begin += PIECE_BYTES) {
    yield chunk.subarray(begin, begin + PIECE_BYTES);
  }
}
