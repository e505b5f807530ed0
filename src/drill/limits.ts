/** Every limit on what a drill holds in memory, reads or writes. Pure. */

/** Differences that a result names, and keys of each; the rest is counted. */
export const MOST_DIFFERENCES = 50;
export const MOST_KEYS = 5;
/** Characters of a reason in a record. */
export const LONGEST_REASON = 2000;
/** Points at which the pace of a restore is noted; with more, every second one is dropped. */
export const MOST_PACE_POINTS = 256;
/** Bytes of the output of --check that are kept. */
export const CHECK_OUTPUT_BYTES = 4096;
/** Objects that are read back at once. Their bytes are hashed as they come, and not kept. */
export const READ_BACK_AT_ONCE = 16;
/** Objects that a listing lacks and that are looked for by name at once. */
export const HEADS_AT_ONCE = 16;
/** Bytes of a marker object that are read. */
export const LARGEST_MARKER_BYTES = 1024;
/** Buckets of one drill: their names and numbers stay short. */
export const MOST_BUCKETS = 9999;
/** Bytes of the local records that are read, from the end, and the size at which they are rotated. */
export const RECORDS_READ_BYTES = 16 * 1024 * 1024;
export const RECORDS_BYTES = 4 * 1024 * 1024;
/** Records at a destination that are read, of each scenario: the newest. */
export const MOST_RECORDS_THERE = 12;
/** Records at a destination that are read, the newest of them. Each has at most `LARGEST_CLAIM_BYTES`. */
export const RECORDS_AT_DESTINATION = 500;
/** What a drill restores into the store itself unless --max-bytes says otherwise. */
export const DEFAULT_MAX_BYTES = 10 * 1024 ** 3;
/** Files of a copy that a ransom drill attacks at once. */
export const ATTACKS_AT_ONCE = 8;
/** Bytes of noise with which a ransom drill overwrites a file. */
export const MOST_NOISE_BYTES = 64 * 1024;
/** Files of a backup, with those of what it refers to, that a ransom drill copies and attacks. */
export const MOST_REHEARSED_FILES = 10_000;
/** The shortest time for which the copies are locked; it is longer for many files. */
export const REHEARSAL_LOCK_MS = 15 * 60_000;
export const REHEARSAL_LOCK_MS_PER_FILE = 2000;
/** The longest that --lock-for may say: nobody can end a lock in the mode COMPLIANCE. */
export const LONGEST_REHEARSAL_LOCK_MS = 86_400_000;
