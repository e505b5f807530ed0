/**
 * Limits for what is read from a backup into memory. A backup may be forged: whatever exceeds a
 * limit is refused as damaged, unread. All limits are far above what is ever written.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** An inflated gzip member of an object: 4 MiB of a file and its tar headers. */
export const LARGEST_MEMBER_BYTES = 8 * MIB;

/** An index chunk: 4 MiB of lines, in which JSON may escape one byte as six. */
export const LARGEST_CHUNK_BYTES = 32 * MIB;

export const LARGEST_LINE_BYTES = MIB;

/** A directory: about 250,000 entries for chunks, documents and buckets. */
export const LARGEST_DIRECTORY_BYTES = 128 * MIB;

/** A document. S3 allows 20 kB for a policy; `metadata/buckets.json` has 120 bytes per bucket. */
export const LARGEST_DOCUMENT_BYTES = 16 * MIB;

/** The document behind the index of an encrypted backup: 10,000 failures with their keys. */
export const LARGEST_ATTACHED_BYTES = 64 * MIB;

/** A line of a document with keys of Redis, in which JSON may escape one byte as six. */
export const LARGEST_KEY_LINE_BYTES = 12 * MIB;

/** A summary file. Old ones name every failure: this is about a million of them. */
export const LARGEST_SUMMARY_BYTES = 256 * MIB;

/** A summary without the failures that are only counted. */
export const LARGEST_SUMMARY_TEXT_BYTES = 128 * MIB;

/** A signature of minisign. Its comments have up to 1 kB and 8 kB. */
export const LARGEST_SIGNATURE_BYTES = 16 * KIB;

/** A pax header, which holds a path and a size. */
export const LONGEST_EXTENDED_HEADER_BYTES = 64 * KIB;

/** A key, in UTF-16 units. S3 allows 1,024 bytes. */
export const LONGEST_KEY = 8 * KIB;

/** A file name in an archive (id, bucket and key), in UTF-16 units. */
export const LONGEST_PATH = 16 * KIB;

/** The number of buckets. S3 allows 10,000 per account, and up to 1,000,000 on request. */
export const MAX_BUCKETS = 100_000;

/** The least compressed size of a directory entry, because a SHA-256 does not compress. */
const MIN_ENTRY_BYTES = 32;

/** Returns the most bytes that the directory of an archive of this size may inflate to. */
export function largestDirectoryBytes(archiveBytes: number): number {
  return Math.min(LARGEST_DIRECTORY_BYTES, 32 * MIB + 16 * archiveBytes);
}

/** Returns the most chunks that a directory with this compressed size may name. */
export function mostChunks(directoryBytes: number): number {
  return Math.floor(directoryBytes / MIN_ENTRY_BYTES);
}

/** JSON up to this size is not checked: parsing it takes at most 200 MB. */
const SMALL_JSON_BYTES = 8 * MIB;
const MIN_BYTES_A_LIST = 16;
const MIN_BYTES_A_VALUE = 4;

const [QUOTE, BACKSLASH, COMMA, BRACE, BRACKET] = [0x22, 0x5c, 0x2c, 0x7b, 0x5b];

/**
 * Whether JSON has so many values for its length, as in `[{},{},{},…]`, that parsing would take
 * many times its size in memory. Our own never does.
 */
export function isTooDense(json: Buffer): boolean {
  if (json.length <= SMALL_JSON_BYTES) return false;
  let lists = json.length / MIN_BYTES_A_LIST;
  let values = json.length / MIN_BYTES_A_VALUE;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === QUOTE) i = endOfText(json, i);
    else if (byte === COMMA) values -= 1;
    else if (byte === BRACE || byte === BRACKET) lists -= 1;
    if (lists < 0 || values < 0) return true;
  }
  return false;
}

/**
 * Returns the index of the closing quote of the string at `start`, or one past the end of the JSON.
 */
function endOfText(json: Buffer, start: number): number {
  let end = start + 1;
  while (end < json.length && json[end] !== QUOTE) end += json[end] === BACKSLASH ? 2 : 1;
  return end;
}
