import type { RunningDigest } from '../threads/crypto-thread.js';

export interface ArchiveSink {
  /** Appends the chunks, one call at a time. Neither side may change them. */
  write(chunks: readonly Uint8Array[]): Promise<void>;

  /**
   * Hands the digest of what is written to the caller, who from now on adds to it what it writes. Absent:
   * the sink computes it by itself.
   */
  lendDigest?(): RunningDigest;
}

/** The bytes that are read from one end to the other, and how many requests there are at once. */
export interface Ahead {
  from: number;
  to: number;
  requests: number;
}

export interface ArchiveSource {
  /** `Infinity` if the size is unknown and would cost a request. */
  readonly sizeBytes: number;
  /** Reads exactly `length` bytes; rejects if there are fewer. */
  read(offset: number, length: number): Promise<Buffer>;

  /**
   * Returns a view that reads ahead, as `ReadAhead` does, for a source that is not read as it is stored.
   * Closing it leaves this source open.
   */
  readingAhead?(ahead: Ahead): ClosableSource;
}

export interface ClosableSource extends ArchiveSource {
  close(): Promise<void>;

  /** The size of the file, if it is stored in another form than it is read in: encrypted. */
  readonly storedBytes?: number;
  /** Begins the digest of the stored file, which takes in what is read from then on. */
  beginStoredDigest?(): void;
  /** Resolves to the SHA-256 of the stored file. */
  storedDigest?(): Promise<string>;
}
