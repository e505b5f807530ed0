import type { DirectoryPlace } from './archive.js';
import type { ChunkReference } from './directory.js';
import type { IndexLine, ObjectRecord } from './index-line.js';

/**
 * Writes an archive of format version 1. Objects come in order (bucket, then key, in UTF-8 byte
 * order), be they written here or only named; each is recorded in the index when its bytes are
 * complete, never before.
 */
export interface ArchiveWriter {
  /** Adds a document that is not an object, such as `metadata/buckets.json`. */
  addDocument(name: string, content: Uint8Array): Promise<void>;

  /**
   * Adds an object whose bytes are all there. The bytes must not change until `onWritten` is called.
   */
  addWholeObject(
    record: ObjectRecord,
    content: readonly Uint8Array[],
    onWritten?: () => void,
  ): Promise<void>;

  /** Begins an object whose bytes are still coming. No other call until it is committed or abandoned. */
  announceObject(announced: AnnouncedObject): ObjectInProgress;

  /** Records an object whose bytes lie in an earlier archive, where the line says. */
  carry(line: IndexLine): Promise<void>;

  /** Records the objects of a chunk of an earlier archive, with these lines, by referring to it. */
  refer(chunk: ChunkReference, lines: readonly IndexLine[]): Promise<void>;

  /** Resolves when there is room for more. */
  ready(): Promise<void>;

  /**
   * Ends before the end: writes the index of all that is complete, so that another run can take it
   * from here. Resolves to how many objects that are. Nothing may follow.
   */
  endEarly(): Promise<number>;

  /** Writes what is left, and the directory. */
  finish(buckets: readonly ArchivedBucket[]): Promise<WrittenArchive>;
}

/** The content of an object that is announced before its bytes are there. */
export interface AnnouncedObject {
  bucket: string;
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
  contentType: string | undefined;
}

/** An object between its announcement and its commit. */
export interface ObjectInProgress {
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;

  /** The bytes are complete and right: the object enters the index. */
  commit(record: ObjectRecord, onWritten?: () => void): void;

  /** The bytes are unavailable: the object does not enter the index. */
  abandon(): Promise<void>;
}

export interface ArchivedBucket {
  name: string;
  created_at: string | null;
  region: string | null;
}

/** The entry point for a reader of the archive; the summary repeats it. */
export interface WrittenArchive {
  directory: DirectoryPlace;
  objects: number;
  /** Sum of the sizes of the objects. */
  objectBytes: number;
  buckets: { name: string; objects: number; bytes: number }[];
  /** The ids of the other archives in which objects or chunks lie, sorted. */
  references: string[];
}
