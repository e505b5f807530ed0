/**
 * How much of an answer is read into memory, in bytes. A larger one is an error of that request:
 * a real answer is far smaller (a page of 1,000 keys of 1,024 bytes, percent-encoded, has 4 MB).
 */
export const ANSWER_LIMITS = {
  /** A page of a listing: of objects, of uploads. */
  pageBytes: 32 * 1024 * 1024,
  /** Any other document: those of buckets, tags, ACLs, the list of buckets. */
  documentBytes: 16 * 1024 * 1024,
  /** An error's text; what comes behind it is not read, as the status alone tells enough. */
  errorBytes: 64 * 1024,
} as const;
