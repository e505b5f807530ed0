import type { ChunkReference, Directory, DocumentEntry } from './directory.js';
import type { IndexLine } from './index-line.js';
import { SHARED_MEMBER_BYTES } from './tar-packer.js';

/** The place of an archive's directory, which the summary repeats. */
export interface DirectoryPlace {
  offset: number;
  length: number;
  /** The digest of the directory's JSON. */
  sha256: string;
}

/** A finding about an archive. */
export interface ArchiveProblem {
  kind:
    | 'member'
    | 'tar'
    | 'chunk'
    | 'object'
    | 'document'
    | 'footer'
    /** The files of a plain folder are together longer, or shorter, than they were. */
    | 'archive'
    | 'archive_truncated'
    /** A plain folder holds something that no index names. */
    | 'unexpected';
  message: string;
  bucket?: string;
  key?: string;
}

export interface AuditResult {
  /** The digest of the whole archive. */
  sha256: string;
  /** Objects whose bytes are what the index says, and the sum of their sizes. */
  objects: number;
  bytes: number;
}

export interface AuditObserver {
  problem(problem: ArchiveProblem): void;
  progress(counts: { objects: number; bytes: number }): void;
  signal: AbortSignal;
}

/**
 * An archive to be read: a tar.gz or a plain folder, on a disk or in a bucket. Whatever comes out of
 * it may be hostile: sizes are bounded, and digests are checked by whoever knows them.
 *
 * All methods reject with `damaged` where the bytes are not what was written.
 */
export interface Archive {
  /** The size of all its files; `Infinity` where it is unknown and finding out costs a request. */
  readonly sizeBytes: number;

  readDirectory(place: DirectoryPlace): Promise<Directory>;

  /** The lines of an index chunk that this archive holds, in order. */
  readChunk(reference: ChunkReference): Promise<IndexLine[]>;

  /** A document that is not an object, such as `metadata/buckets.json`; its digest is checked. */
  readDocument(entry: DocumentEntry): Promise<Buffer>;

  /** The bytes of an object of at most `READ_WHOLE_BYTES`. The caller checks the SHA-256. */
  readWhole(line: IndexLine): Promise<Buffer[]>;

  /** The bytes of any object, piece by piece. The caller checks the SHA-256 at the end. */
  read(line: IndexLine): AsyncIterable<Buffer>;

  /** What is wrong with the archive's own end, apart from its directory; `undefined` if nothing. */
  checkEnd(place: DirectoryPlace): Promise<ArchiveProblem | undefined>;

  /** Reads everything and checks it against the directory. Reports damage to the observer. */
  audit(directory: Directory, observer: AuditObserver): Promise<AuditResult>;

  close(): Promise<void>;
}

/** Objects up to this size can be taken whole: in a tar.gz they share a member with others. */
export const READ_WHOLE_BYTES = SHARED_MEMBER_BYTES;
