/**
 * The most that is read out of a backup into memory. A backup may be forged: whatever exceeds one of
 * these limits is damaged, and is refused before it is read. All are far above what is ever written.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** A gzip member of an object, inflated: 4 MiB of a file and its headers. */
export const LARGEST_MEMBER_BYTES = 8 * MIB;

/** An index chunk: lines of 4 MiB, in which JSON may write one byte of a name as six. */
export const LARGEST_CHUNK_BYTES = 32 * MIB;

/** One line of an index. */
export const LARGEST_LINE_BYTES = MIB;

/** A directory has an entry for each chunk, document and bucket: this is about 250,000 of them. */
export const LARGEST_DIRECTORY_BYTES = 128 * MIB;

/** A document such as a policy. S3 allows 20 kB; `metadata/buckets.json` has 120 bytes a bucket. */
export const LARGEST_DOCUMENT_BYTES = 16 * MIB;

/** A summary, as a file. Old ones name every failure: this is about a million of them. */
export const LARGEST_SUMMARY_BYTES = 256 * MIB;

/** A summary without the failures that are counted and no longer named. */
export const LARGEST_SUMMARY_TEXT_BYTES = 128 * MIB;

/** A pax header holds a path and a size. */
export const LONGEST_EXTENDED_HEADER_BYTES = 64 * KIB;

/** A key, in UTF-16 units. S3 allows 1,024 bytes. */
export const LONGEST_KEY = 8 * KIB;

/** The name of a file in an archive, in UTF-16 units: the id, the bucket and the key. */
export const LONGEST_PATH = 16 * KIB;

/** S3 has at most 1,000,000 buckets an account, and 10,000 unless asked for more. */
export const MAX_BUCKETS = 100_000;

/** A SHA-256 does not compress: so many bytes of the archive stand for each entry of the directory. */
const MIN_ENTRY_BYTES = 32;

/** Returns the most bytes that the directory of an archive of this size may inflate to. */
export function largestDirectoryBytes(archiveBytes: number): number {
  return Math.min(LARGEST_DIRECTORY_BYTES, 32 * MIB + 16 * archiveBytes);
}

/** The most chunks that a directory may name that takes so many bytes in its archive. */
export function mostChunks(directoryBytes: number): number {
  return Math.floor(directoryBytes / MIN_ENTRY_BYTES);
}

/** JSON of less than that is parsed unseen: it cannot take more than 200 MB. */
const SMALL_JSON_BYTES = 8 * MIB;
const MIN_BYTES_A_LIST = 16;
const MIN_BYTES_A_VALUE = 4;

const [QUOTE, BACKSLASH, COMMA, BRACE, BRACKET] = [0x22, 0x5c, 0x2c, 0x7b, 0x5b];

/**
 * Whether JSON holds so many values for its length that it would take many times its own size in
 * memory: `[{},{},{},…]`. Ours never does.
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
 * Returns the end of the string that begins at `start`; past the end of the JSON if it is not closed.
 */
function endOfText(json: Buffer, start: number): number {
  let end = start + 1;
  while (end < json.length && json[end] !== QUOTE) end += json[end] === BACKSLASH ? 2 : 1;
  return end;
}
