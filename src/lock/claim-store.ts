/**
 * Where the claims to one destination lie: a claim is a small text under a name of its own. Every
 * implementation passes the suite in test/contract.
 *
 * The lock rests on one promise: a `list` that begins after a `put` has resolved shows that claim,
 * whoever made it, until it is removed. Folders of one machine keep it, NFS does after a change of
 * one's own in the same folder, and S3 promises it since 2020 (MinIO and Ceph RGW do too).
 *
 * All methods reject with a MangamotionError, or with the signal's reason once it is aborted. What
 * was aborted or failed may have been done all the same.
 */
export interface ClaimStore {
  /** The destination as the user knows it, for messages. */
  readonly location: string;

  /** Creates or replaces: others see the old content or the new one, never a mixture. */
  put(name: string, content: string, signal?: AbortSignal): Promise<void>;

  /** Every claim that was there all the while; one that comes or goes meanwhile may be in it. */
  list(signal?: AbortSignal): Promise<ListedClaim[]>;

  /** One that is not there is no error. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

export interface ListedClaim {
  name: string;
  /** `undefined` where it cannot be read, or is far too long to be a claim. */
  content: string | undefined;
  /** When it was last put, by the clock of the store, at most 2 s too early; ms since 1970. */
  modifiedAtMs: number;
}

/** The folder of the claims in a destination; in a bucket it is part of their keys. */
export const CLAIMS_FOLDER = '.mangamotion-lock';
export const CLAIM_SUFFIX = '.json';
/** What is larger was not written by us, and is not worth reading. */
export const LARGEST_CLAIM_BYTES = 64 * 1024;
