import { type Hash, createHash } from 'node:crypto';
import { damagedArchive } from '../archive/errors.js';
import { MEMBER_HEADER_BYTES } from '../archive/gzip.js';
import { readingAhead } from '../archive/read-ahead.js';
import type { Ahead, ClosableSource } from '../archive/sink.js';
import { isMangamotionError } from '../errors.js';
import {
  CHUNK_BYTES,
  type PayloadKey,
  SEALED_CHUNK_BYTES,
  TAG_BYTES,
  chunksOf,
  plainBytesOf,
} from './payload.js';

/** A read of a member's header fetches this much ahead, because an audit reads on from there. */
const READ_AHEAD_BYTES = 4 * 1024 * 1024;
/** A read that ends this close to the end takes the rest, too: it holds the footer. */
const TAIL_BYTES = 128 * 1024;
/** The most decrypted bytes that are kept for the next read. */
const MOST_KEPT_BYTES = 8 * 1024 * 1024;

interface DecryptedOptions {
  storedBytes?: number;
  wholeChunks?: number;
  /** Nothing is read ahead behind this byte; by default up to the end. */
  aheadTo?: number;
}

export interface SealedPlace {
  /** The name of the file, for messages. */
  file: string;
  /** The size of the head, which precedes the payload. */
  headBytes: number;
  key: PayloadKey;
}

/**
 * Reads an age file as if it were its plaintext. A read fetches and checks the chunks that it needs.
 * Every read rejects with `damaged` if a chunk is not the one that was written at its place.
 */
export class DecryptedSource implements ClosableSource {
  readonly sizeBytes: number;
  readonly #source: ClosableSource;
  readonly #place: SealedPlace;
  readonly #options: DecryptedOptions;
  #kept: { offset: number; bytes: Buffer } = { offset: 0, bytes: Buffer.alloc(0) };
  #digest: StoredDigest | undefined;

  /**
   * `storedBytes` is the size that the file should have; by default it is that of the source. Throws
   * `damaged` if no age file has this size. With `wholeChunks` the file may end anywhere, and is read
   * up to that number of chunks.
   */
  constructor(source: ClosableSource, place: SealedPlace, options: DecryptedOptions = {}) {
    const { storedBytes = source.sizeBytes, wholeChunks } = options;
    this.#source = source;
    this.#place = place;
    this.#options = options;
    this.sizeBytes =
      wholeChunks === undefined
        ? plainSize(storedBytes - place.headBytes, place.file)
        : wholeChunks * CHUNK_BYTES;
  }

  /** The size of the file as it is stored. */
  get storedBytes(): number {
    return this.#source.sizeBytes;
  }

  /** Opens what there is of a file whose writing was interrupted. */
  static async ofTruncated(source: ClosableSource, place: SealedPlace): Promise<DecryptedSource> {
    const sealedBytes = Math.max(0, source.sizeBytes - place.headBytes);
    if (plainBytesOf(sealedBytes) !== undefined) {
      const whole = new DecryptedSource(source, place);
      const last = await whole.read(whole.sizeBytes, 0).catch((error: unknown) => {
        if (!isMangamotionError(error, 'damaged')) throw error;
        return undefined;
      });
      if (last !== undefined) return whole;
    }
    return new DecryptedSource(source, place, {
      wholeChunks: Math.floor(sealedBytes / SEALED_CHUNK_BYTES),
    });
  }

  async read(offset: number, length: number): Promise<Buffer> {
    if (offset + length > this.sizeBytes) {
      throw damagedArchive(`${this.#place.file} ends before byte ${offset + length}`);
    }
    const kept = this.#keptPart(offset, length);
    if (kept !== undefined) return kept;
    const bytes = await this.#openAhead(offset, offset + length);
    if (bytes.bytes.length <= MOST_KEPT_BYTES) this.#kept = bytes;
    const start = offset - bytes.offset;
    return bytes.bytes.subarray(start, start + length);
  }

  readingAhead({ from, to, requests }: Ahead): DecryptedSource {
    const sealedAt = (chunk: number): number => this.#place.headBytes + chunk * SEALED_CHUNK_BYTES;
    const stored = readingAhead(this.#source, {
      // The digest of a whole file begins with its head.
      from: from === 0 ? 0 : sealedAt(Math.floor(from / CHUNK_BYTES)),
      to: to + TAIL_BYTES >= this.sizeBytes ? Infinity : sealedAt(Math.ceil(to / CHUNK_BYTES)),
      requests,
    });
    return new DecryptedSource(stored, this.#place, { ...this.#options, aheadTo: to });
  }

  /** Begins the digest of the file as it is stored. It takes in what is read from now on. */
  beginStoredDigest(): void {
    this.#digest = new StoredDigest();
  }

  /** Resolves to the SHA-256 of the stored file. Reads what was not read in its order. */
  async storedDigest(): Promise<string> {
    const digest = (this.#digest ??= new StoredDigest());
    while (digest.offset < this.#source.sizeBytes) {
      const left = this.#source.sizeBytes - digest.offset;
      const length = Math.min(left, READ_AHEAD_BYTES);
      digest.add(digest.offset, await this.#source.read(digest.offset, length));
    }
    return digest.end();
  }

  close(): Promise<void> {
    this.#kept = { offset: 0, bytes: Buffer.alloc(0) };
    return this.#source.close();
  }

  #keptPart(offset: number, length: number): Buffer | undefined {
    const start = offset - this.#kept.offset;
    if (start < 0 || start + length > this.#kept.bytes.length || length === 0) return undefined;
    return this.#kept.bytes.subarray(start, start + length);
  }

  #endOf(offset: number, length: number): number {
    const { aheadTo = this.sizeBytes } = this.#options;
    const ahead = length === MEMBER_HEADER_BYTES ? READ_AHEAD_BYTES : 0;
    const end = Math.max(offset + length, Math.min(offset + ahead, aheadTo));
    return end + TAIL_BYTES >= this.sizeBytes ? this.sizeBytes : end;
  }

  /** Damage in what is only read ahead concerns a later read. */
  async #openAhead(offset: number, end: number): Promise<{ offset: number; bytes: Buffer }> {
    const ahead = this.#endOf(offset, end - offset);
    try {
      return await this.#open(offset, ahead);
    } catch (error) {
      if (ahead === end || !isMangamotionError(error, 'damaged')) throw error;
      return await this.#open(offset, end);
    }
  }

  /** Opens the chunks that hold these bytes. */
  async #open(offset: number, end: number): Promise<{ offset: number; bytes: Buffer }> {
    const finalChunk = chunksOf(this.sizeBytes) - 1;
    const first = Math.min(Math.floor(offset / CHUNK_BYTES), finalChunk);
    const last = Math.max(first, Math.floor((end - 1) / CHUNK_BYTES));
    const isToEnd = last === finalChunk;
    const plainEnd = isToEnd ? this.sizeBytes : (last + 1) * CHUNK_BYTES;
    const sealedBytes = plainEnd - first * CHUNK_BYTES + (last - first + 1) * TAG_BYTES;
    const sealed = await this.#readStored(first * SEALED_CHUNK_BYTES, sealedBytes);
    const opened: Buffer[] = [];
    for (let number = first; number <= last; number++) {
      const at = (number - first) * SEALED_CHUNK_BYTES;
      const chunk = sealed.subarray(at, at + SEALED_CHUNK_BYTES);
      const plain = this.#openChunk(number, isToEnd && number === last, chunk);
      if (plain === undefined) throw notThatChunk(number, this.#place.file);
      opened.push(plain);
    }
    const [only] = opened;
    const bytes = opened.length === 1 && only !== undefined ? only : Buffer.concat(opened);
    return { offset: first * CHUNK_BYTES, bytes };
  }

  #openChunk(number: number, isLast: boolean, sealed: Buffer): Buffer | undefined {
    const { key } = this.#place;
    // If the size of the file is unknown, any chunk may be its last one.
    if (this.sizeBytes === Infinity) {
      return key.open(number, false, sealed) ?? key.open(number, true, sealed);
    }
    return key.open(number, isLast && this.#options.wholeChunks === undefined, sealed);
  }

  async #readStored(offset: number, length: number): Promise<Buffer> {
    const from = this.#place.headBytes + offset;
    const bytes = await this.#source.read(from, length);
    if (this.#digest?.offset === 0 && from === this.#place.headBytes) {
      this.#digest.add(0, await this.#source.read(0, this.#place.headBytes));
    }
    this.#digest?.add(from, bytes);
    return bytes;
  }
}

/** Hashes a file whose parts are read nearly in their order. */
class StoredDigest {
  readonly #hash: Hash = createHash('sha256');
  /** The number of bytes from the beginning that are hashed. */
  offset = 0;

  /** Takes in what continues the bytes so far; parts further on are left for later. */
  add(offset: number, bytes: Buffer): void {
    const known = this.offset - offset;
    if (known < 0 || known >= bytes.length) return;
    this.#hash.update(bytes.subarray(known));
    this.offset = offset + bytes.length;
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}

function plainSize(sealedBytes: number, file: string): number {
  const exact = plainBytesOf(sealedBytes);
  if (exact !== undefined) return exact;
  throw damagedArchive(`${file} is truncated: its last chunk is cut off`);
}

function notThatChunk(number: number, file: string): Error {
  return damagedArchive(
    `chunk ${number} of ${file} is not what was written there: it was changed, moved or cut off`,
  );
}
