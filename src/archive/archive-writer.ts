import type { DirectoryPlace } from './archive.js';
import type { ChunkReference } from './directory.js';
import type { IndexLine, ObjectRecord } from './index-line.js';

/**
 * Writes an archive of format version 1. Objects come in order (bucket, then key, in UTF-8 byte
 * order), whether their bytes are written here or lie in an earlier archive. An object enters the
 * index only when its bytes are complete.
 */
export interface ArchiveWriter {
  /** Adds a document that is not an object, such as `metadata/buckets.json`. */
  addDocument(name: string, content: Uint8Array): Promise<void>;

  /** Adds an object whose bytes are in memory. They must not change until `onWritten` is called. */
  addWholeObject(
    record: ObjectRecord,
    content: readonly Uint8Array[],
    onWritten?: () => void,
  ): Promise<void>;

  /**
   * Begins an object whose bytes are arriving. It must be committed or abandoned before any other
   * call.
   */
  announceObject(announced: AnnouncedObject): ObjectInProgress;

  /** Records an object whose bytes lie in an earlier archive, as the line says. */
  carry(line: IndexLine): Promise<void>;

  /**
   * Records all objects of an earlier archive's index chunk by reference. `lines` are its lines.
   */
  refer(chunk: ChunkReference, lines: readonly IndexLine[]): Promise<void>;

  /** Resolves when there is room for more. */
  ready(): Promise<void>;

  /**
   * Ends an incomplete archive: writes the index of all complete objects, so that the next run can
   * reuse them. Resolves to the number of objects whose bytes it holds. No call may follow.
   */
  endEarly(): Promise<number>;

  /** Writes the rest and the directory. */
  finish(buckets: readonly ArchivedBucket[]): Promise<WrittenArchive>;
}

export interface AnnouncedObject {
  bucket: string;
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
  contentType: string | undefined;
}

export interface ObjectInProgress {
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;

  /** Call this when the bytes are complete and correct: the object enters the index. */
  commit(record: ObjectRecord, onWritten?: () => void): void;

  /** Call this if the bytes are not available: the object stays out of the index. */
  abandon(): Promise<void>;
}

export interface ArchivedBucket {
  name: string;
  created_at: string | null;
  region: string | null;
}

/** The part of the summary that describes the archive. Readers start at the directory. */
export interface WrittenArchive {
  directory: DirectoryPlace;
  objects: number;
  objectBytes: number;
  buckets: { name: string; objects: number; bytes: number }[];
  /** The ids of the other archives in which objects or chunks lie, sorted. */
  references: string[];
}
