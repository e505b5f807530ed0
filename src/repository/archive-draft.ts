import type { ArchiveWriter } from '../archive/archive-writer.js';
import type { FileErrorAdvice } from '../files/errors.js';

/** What a hint says of a backup whose file cannot be written. */
export const DRAFT_ADVICE: FileErrorAdvice = {
  full: 'The unfinished backup has been removed.',
  tooLarge: 'To get a smaller file, back up fewer buckets at a time with --bucket.',
};

/** An archive that is being written into a folder, under a temporary name. */
export interface ArchiveDraft {
  readonly id: string;
  readonly createdAt: Date;
  /** The archive's name in the folder, once it is whole; until then `PARTIAL_SUFFIX` follows. */
  readonly file: string;
  readonly writer: ArchiveWriter;

  /** Makes all that was written durable; resolves with what the summary says of it. */
  end(): Promise<{ bytes: number; sha256: string }>;

  /**
   * Ends before the end; resolves to how many objects can be read from it all the same, and none
   * where it was ended already.
   */
  endEarly(): Promise<number>;

  /** Resolves when nothing is written any more and nothing is open. */
  close(): Promise<void>;
}

/**
 * Begins an archive in the folder by creating its temporary name; `undefined` where that is taken.
 * Rejects with what the file system says.
 */
export type BeginDraft = (
  folder: string,
  id: string,
  createdAt: Date,
) => Promise<ArchiveDraft | undefined>;
