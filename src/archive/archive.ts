import type { ChunkReference, Directory, DocumentEntry } from './directory.js';
import type { IndexLine } from './index-line.js';
import { SHARED_MEMBER_BYTES } from './tar-packer.js';

/** The place of the directory in its archive. The summary repeats it. */
export interface DirectoryPlace {
  offset: number;
  length: number;
  sha256: string;
}

export interface ArchiveProblem {
  kind:
    | 'member'
    | 'tar'
    | 'chunk'
    | 'object'
    | 'document'
    | 'footer'
    /** A plain folder's files are larger together than the summary says. */
    | 'archive'
    | 'archive_truncated'
    /** A plain folder holds something that no index names. */
    | 'unexpected';
  message: string;
  bucket?: string;
  key?: string;
}

export interface AuditResult {
  /** The SHA-256 of the whole archive; of a plain folder, that of its directory. */
  sha256: string;
  /** The number of intact objects, and the sum of their sizes. */
  objects: number;
  bytes: number;
}

/** A part of an archive that can be read and checked alone. */
export interface ArchivePart {
  /** The index chunk at its end; `undefined` for the last part, which has the directory. */
  chunk: ChunkReference | undefined;
  /** The bytes of the archive, from `from` up to but not including `to`. */
  from: number;
  to: number;
}

export type PartResult = Pick<AuditResult, 'objects' | 'bytes'>;

export interface AuditObserver {
  problem(problem: ArchiveProblem): void;
  progress(counts: { objects: number; bytes: number }): void;
  signal: AbortSignal;
  /** How many times the memory and the requests of one worker may be used; 1 by default. */
  workers?: number | undefined;
}

/**
 * An archive that is read: a tar.gz or a plain folder, on a disk or in a bucket. Its content may be
 * hostile: all sizes are bounded, and the caller checks digests where a method says so.
 *
 * All methods reject with `damaged` if the bytes are not those that were written.
 */
export interface Archive {
  /** The total size in bytes; `Infinity` if it is unknown and would cost a request. */
  readonly sizeBytes: number;

  readDirectory(place: DirectoryPlace): Promise<Directory>;

  /** Reads the lines of an index chunk in this archive, in order. */
  readChunk(reference: ChunkReference): Promise<IndexLine[]>;

  /** Reads the same lines as bytes. Only their digest is checked. */
  readChunkBytes(reference: ChunkReference): Promise<Buffer>;

  /**
   * Reads a document that is not an object, such as `metadata/buckets.json`, and checks its digest.
   */
  readDocument(entry: DocumentEntry): Promise<Buffer>;

  /** Reads an object of at most `READ_WHOLE_BYTES`. The caller checks the SHA-256. */
  readWhole(line: IndexLine): Promise<Buffer[]>;

  /**
   * Reads an object piece by piece. The caller checks the SHA-256 at the end. A tar.gz is read by so many
   * `requests` at once, 1 by default, each of 2 MiB.
   */
  read(line: IndexLine, requests?: number): AsyncIterable<Buffer>;

  /** Checks the archive's end, apart from its directory. Resolves to the problem, if any. */
  checkEnd(place: DirectoryPlace): Promise<ArchiveProblem | undefined>;

  /**
   * Reads and checks everything that the directory describes, and reports damage to the observer.
   */
  audit(directory: Directory, observer: AuditObserver): Promise<AuditResult>;

  /**
   * Divides the archive into parts that cover it without a gap, in their order. The same archive
   * always has the same parts. `sizeBytes` is that of the summary.
   */
  parts(directory: Directory, sizeBytes: number): ArchivePart[];

  /** Reads and checks everything in one part, and reports damage to the observer. */
  auditPart(directory: Directory, part: ArchivePart, observer: AuditObserver): Promise<PartResult>;

  close(): Promise<void>;
}

/** Objects up to this size can be read as a whole: in a tar.gz they share a member with others. */
export const READ_WHOLE_BYTES = SHARED_MEMBER_BYTES;
