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

/** An answer of more bytes than are read into memory (see limits.ts); no further attempt helps. */
export class AnswerTooLarge extends UnexpectedAnswer {
  override readonly name = 'AnswerTooLarge';
  override readonly code = 'AnswerTooLarge';
}

/** True where a request failed because of the shape of its answer. */
export function isUnexpectedAnswer(error: unknown): boolean {
  return isMangamotionError(error) && error.cause instanceof UnexpectedAnswer;
}
