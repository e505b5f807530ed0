import type { ArchiveWriter } from '../archive/archive-writer.js';
import type { Summary } from './summary.js';
import type { FileErrorAdvice } from '../files/errors.js';

/** Added to the hint of an error if the file of a backup cannot be written. */
export const DRAFT_ADVICE: FileErrorAdvice = {
  full: 'The unfinished backup has been removed.',
  tooLarge: 'To get a smaller file, back up fewer buckets at a time with --bucket.',
};

/** An archive that is being written to a folder under a temporary name. */
export interface ArchiveDraft {
  readonly id: string;
  readonly createdAt: Date;
  /** The archive's final name in the folder; `PARTIAL_SUFFIX` follows it until the commit. */
  readonly file: string;
  /** The final name of the sidecar, if the archive is encrypted. */
  readonly sidecar?: string;
  readonly recipients?: readonly string[];
  readonly writer: ArchiveWriter;

  /** Makes everything durable. Resolves to the size and the digest for the summary. */
  end(): Promise<{ bytes: number; sha256: string }>;

  /**
   * Ends an incomplete archive so that the next run can read it. Resolves to the number of its
   * objects, or to 0 if `end` was called before.
   */
  endEarly(): Promise<number>;

  /** Ends the sidecar. Resolves to the summary as it must be written. Absent: as it is. */
  complete?(summary: Summary): Promise<Summary>;

  /** Forgets what an incomplete archive could have been read with. Absent: there is nothing. */
  forget?(): Promise<void>;

  /** Resolves when all writes have ended and all files are closed. */
  close(): Promise<void>;
}

/**
 * Begins an archive by creating its temporary name in the folder; resolves to `undefined` if that
 * name is taken. Rejects with errors of the file system.
 */
export type BeginDraft = (
  folder: string,
  id: string,
  createdAt: Date,
) => Promise<ArchiveDraft | undefined>;
