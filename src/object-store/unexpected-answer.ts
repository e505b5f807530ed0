import { isMangamotionError } from '../errors.js';

/**
 * The `cause` of an error where the server answered with success, but with something that is no
 * such answer of S3: a web page, a document with another root, a listing that goes in circles.
 * It concerns the request (this object, this bucket, this document), not the server as a whole.
 */
export class UnexpectedAnswer extends Error {
  override readonly name: string = 'UnexpectedAnswer';
  readonly code: string = 'UnexpectedAnswer';
}

/** An answer of more bytes than are read into memory (see `ANSWER_LIMITS`); no further attempt helps. */
export class AnswerTooLarge extends UnexpectedAnswer {
  override readonly name = 'AnswerTooLarge';
  override readonly code = 'AnswerTooLarge';
}

/** True where a request failed because of the shape of its answer. */
export function isUnexpectedAnswer(error: unknown): boolean {
  return isMangamotionError(error) && error.cause instanceof UnexpectedAnswer;
}

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
