import type { Archive } from '../archive/archive.js';
import type { IndexLine } from '../archive/index-line.js';

/** The leftover of a run that ended before its commit. It is not a backup. */
export interface Leftover {
  /** The id that the backup would have had: the archive that its index lines name. */
  readonly id: string;
  /** The path, for messages. */
  readonly path: string;
  readonly sizeBytes: number;

  /** `undefined` where nothing of it can be read. Whoever opens it closes it. */
  open(): Promise<TruncatedArchive | undefined>;

  remove(): Promise<void>;
}

/** An archive that ends before its directory. */
export interface TruncatedArchive {
  /** Reads objects where the lines say. */
  archive: Archive;
  /** The objects that were recorded before the end, in order. */
  lines(): AsyncIterable<IndexLine[]>;
}
