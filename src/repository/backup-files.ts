import type { ArchiveSink, ClosableSource } from '../archive/sink.js';
import type { ObjectStore } from '../object-store/port.js';

/** Where a destination lies in a bucket. */
export interface BucketPlace {
  url: string;
  bucket: string;
  /** The prefix of every key: empty, or with a trailing slash. */
  prefix: string;
  store: ObjectStore;
  signal: AbortSignal;
}

/**
 * The files of backups as they lie at a destination, for copies from one to another. Names are those
 * of files in the destination: `ID.tar.gz`. What is written needs the lock.
 */
export interface BackupFiles {
  /** Present for a bucket: the server may copy from and to it by itself. */
  readonly place?: BucketPlace;
  /** Present for a folder, which can hold plain folders. */
  readonly folder?: string;

  /**
   * Resolves to the names of all files of the destination, or of those that begin like this, with the
   * lengths in bytes of at least the sidecars, the files of parts and the temporary summaries.
   */
  names(beginning?: string): Promise<ReadonlyMap<string, number | undefined>>;

  /**
   * Resolves to the bytes of a summary; `undefined` if it is missing. Rejects with `damaged` if it is
   * larger than any summary.
   */
  readSummary(id: string): Promise<Buffer | undefined>;

  /** Opens a file. Rejects with `damaged`, here or when it is read, if it is missing or not that long. */
  open(name: string, sizeBytes: number): Promise<ClosableSource>;

  /**
   * Begins to write a file of this length under a temporary name, or continues what an interrupted
   * copy left of it. Other unfinished uploads of the file are removed.
   */
  receive(name: string, sizeBytes: number): Promise<IncomingFile>;

  /** Writes a summary under its temporary name, which marks the archive as that of an unfinished run. */
  announce(id: string, summary: Buffer): Promise<void>;

  /** Writes the signature of the summary; call it after `announce`, and before `commit`. */
  sign(id: string, signature: Buffer): Promise<void>;

  /** Gives the announced summary its name: the backup exists when this resolves. */
  commit(id: string, summary: Buffer): Promise<void>;

  /** Removes an announced summary. Call it when there is no archive any more. */
  withdraw(id: string): Promise<void>;

  /** Removes a file that `receive` has not written: the server did. */
  discard(name: string): Promise<void>;
}

/** A file that is being written. */
export interface IncomingFile extends ArchiveSink {
  /** How many bytes an interrupted copy has left at its beginning; writing goes on behind them. */
  readonly adoptedBytes: number;

  /** Makes the file durable. Resolves to its length and digest, with those bytes. */
  end(): Promise<{ bytes: number; sha256: string }>;

  /** Gives the file its name; call it after `end`. */
  publish(): Promise<void>;

  /** Ends the writing, and leaves what is there to be continued. Resolves to whether that is anything. */
  leave(): Promise<boolean>;

  /** Removes what was written. */
  discard(): Promise<void>;
}
