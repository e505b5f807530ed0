import type { Retention } from '../object-store/objects.js';

/** A file that a run could not lock for as long as it wanted. */
export interface Unprotected {
  /** The name of the file at the destination. */
  file: string;
  reason: string;
}

/** What a deletion of a locked version showed. `unproved`: the keys may delete no version at all. */
export type LockProof = 'resists' | 'unproved';

/** A file of a backup that is not, or not only, what the run wrote. */
export interface HiddenFile {
  file: string;
  /** Whether a delete marker or another content is over the locked version. */
  by: 'deletion' | 'overwrite';
  /** When that came; RFC 3339. */
  at: string;
}

/** What hides locked files, and how to read the destination as it was before. */
export interface Hidden {
  files: HiddenFile[];
  /** The last moment before anything was hidden; RFC 3339. `null` if nothing is. */
  before: string | null;
  /** The hidden backups that a read as stored then leaves out, because their summaries have later times. */
  later: string[];
}

/** The lock of one file, as the server tells it. */
export interface FileLock {
  file: string;
  /** `null`: the file is not locked, or not there. */
  retention: Retention | null;
}

/** The object locks of the bucket of a destination. */
export interface DestinationLocks {
  /**
   * Rejects with `refused` if the bucket has no object lock, or gives every new object a retention:
   * that would lock the files of the run's own lock.
   */
  check(): Promise<void>;

  /** Whether the bucket has object lock; `undefined` if the server does not tell, or not these keys. */
  areEnabled(): Promise<boolean | undefined>;

  /**
   * Proves with a tiny object, which is locked for seconds, that the server keeps a lock. Rejects with
   * `refused` if it does not. `now` is our clock.
   */
  prove(mode: Retention['mode'], now: Date): Promise<LockProof>;

  /** Removes what proofs have left, and resolves to the names of what cannot be removed yet. */
  clearProofs(): Promise<string[]>;

  /** By how many ms the server's clock is ahead of ours; `undefined` if it does not tell. */
  clockAheadMs(): number | undefined;

  /**
   * Locks the files of these backups and parts at least until the end of the retention, and resolves to those of
   * which it could not. Rejects if the server cannot be reached.
   */
  extend(
    ids: readonly string[],
    retention: Retention,
    sleep: (ms: number) => Promise<void>,
  ): Promise<Unprotected[]>;

  /** Reads the locks of the archive and the summary of a backup or part; of each the one that ends last. */
  locksOf(id: string): Promise<FileLock[]>;

  /**
   * Finds locked files that a delete marker or another content hides. `neededParts`: the parts that
   * listed backups need.
   */
  hidden(neededParts: ReadonlySet<string>): Promise<Hidden>;
}
