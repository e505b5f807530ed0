import { isMangamotionError } from '../errors.js';
import { prefetchInOrder } from '../prefetch.js';
import type { Ahead, ArchiveSource, ClosableSource } from './sink.js';

/** What is read at once: short enough that many connections share an archive evenly. */
const PIECE_BYTES = 2 * 1024 * 1024;
/** How far one worker reads an archive ahead. Its buffers take 16 MiB of memory. */
export const REQUESTS_A_WORKER = 8;
/** What one worker reads of a large object ahead, beside others: 4 MiB of memory. */
export const REQUESTS_OF_OBJECT = 2;
export const AHEAD_OF_OBJECT_BYTES = REQUESTS_OF_OBJECT * PIECE_BYTES;

type Piece = { offset: number; end: number } & ({ bytes: Buffer } | { error: unknown });

/**
 * Reads a file from one end to the other, by many requests at once, so that neither the time until an
 * answer comes nor the rate of one connection is the limit. Reads must come one at a time, each beginning
 * where the one before began, or after it. A read elsewhere is passed on as it is.
 */
export class ReadAhead implements ClosableSource {
  readonly sizeBytes: number;
  readonly #source: ArchiveSource;
  readonly #pieces: AsyncGenerator<Piece, undefined>;
  /** Pieces that were handed over and may be needed again, in their order and without a gap. */
  #held: Piece[] = [];
  /** The end of the last piece that was handed over. */
  #next: number;
  readonly #to: number;

  constructor(source: ArchiveSource, { from, to, requests }: Ahead) {
    this.#source = source;
    this.sizeBytes = source.sizeBytes;
    this.#next = from;
    this.#to = Math.min(to, source.sizeBytes);
    this.#pieces = piecesOf(source, from, this.#to, requests);
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const end = offset + length;
    if (end > this.#to || offset < (this.#held[0]?.offset ?? this.#next)) {
      return await this.#source.read(offset, length);
    }
    this.#held = this.#held.filter((piece) => piece.end > offset);
    while (this.#next < end) await this.#takeOver(offset);
    const parts: Buffer[] = [];
    for (const piece of this.#held) {
      if (piece.offset >= end) break;
      if ('error' in piece) {
        // What is wrong with other bytes of the piece does not concern this read.
        if (isMangamotionError(piece.error, 'damaged'))
          return await this.#source.read(offset, length);
        throw piece.error;
      }
      parts.push(
        piece.bytes.subarray(Math.max(0, offset - piece.offset), Math.max(0, end - piece.offset)),
      );
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts, length);
  }

  /** Reads nothing ahead any more. The source stays open. */
  close(): Promise<void> {
    this.#held = [];
    // It ends when what it waits for has come, which nobody has to wait for.
    void this.#pieces.return(undefined);
    return Promise.resolve();
  }

  async #takeOver(offset: number): Promise<void> {
    const taken = await this.#pieces.next();
    if (taken.done === true) throw new RangeError(`nothing is read ahead at byte ${this.#next}`);
    const piece = taken.value;
    this.#next = piece.end;
    if (piece.end > offset) this.#held.push(piece);
  }
}

/** Returns a view of the source that reads ahead. Closing it leaves the source open. */
export function readingAhead(source: ArchiveSource, ahead: Ahead): ClosableSource {
  return source.readingAhead?.(ahead) ?? new ReadAhead(source, ahead);
}

async function* piecesOf(
  source: ArchiveSource,
  from: number,
  to: number,
  maxRequests: number,
): AsyncGenerator<Piece, undefined> {
  const pieces = prefetchInOrder(
    placesOf(from, to),
    { maxRequests, maxBytes: maxRequests * PIECE_BYTES },
    () => PIECE_BYTES,
    async ({ offset, end }): Promise<Piece> => {
      try {
        return { offset, end, bytes: await source.read(offset, end - offset) };
      } catch (error) {
        return { offset, end, error };
      }
    },
  );
  for await (const { result } of pieces) yield result;
  return undefined;
}

async function* placesOf(
  from: number,
  to: number,
): AsyncGenerator<{ offset: number; end: number }[]> {
  for (let offset = from; offset < to; offset += PIECE_BYTES) {
    yield await Promise.resolve([{ offset, end: Math.min(offset + PIECE_BYTES, to) }]);
  }
}
