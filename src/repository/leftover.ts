import type { Archive } from '../archive/archive.js';
import type { IndexLine } from '../archive/index-line.js';

/** A file or object of a run that ended before its commit. It is not a backup. */
export interface Leftover {
  /** The id that the backup would have had. Its index lines name it as their archive. */
  readonly id: string;
  /** The path, for messages. */
  readonly path: string;
  readonly sizeBytes: number;
  /** It lies beside a backup that is whole, and is no sign of a dead run. */
  readonly isOfBackup?: boolean;

  /** Resolves to `undefined` if nothing in it can be read. The caller closes the archive. */
  open(): Promise<TruncatedArchive | undefined>;

  remove(): Promise<void>;
}

/** What is read of an incomplete archive. */
export type ReadableArchive = Pick<Archive, 'read' | 'readWhole' | 'close'>;

/** An incomplete archive without a directory. */
export interface TruncatedArchive {
  archive: ReadableArchive;
  /** Whether it holds the bytes of an object of its index. Absent: those that name it as their archive. */
  owns?(line: IndexLine): boolean;
  /** Yields the lines of all complete index chunks, in order. */
  lines(): AsyncIterable<IndexLine[]>;
}
