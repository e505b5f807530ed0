import { isMangamotionError } from '../errors.js';

/**
 * The `cause` of an error for a success status whose content is not the expected S3 answer: a web
 * page, a document with another root, a listing that runs in circles. It concerns this request
 * (object, bucket or document), not the whole server.
 */
export class UnexpectedAnswer extends Error {
  override readonly name: string = 'UnexpectedAnswer';
  readonly code: string = 'UnexpectedAnswer';
}

/** An answer larger than `ANSWER_LIMITS` allows. It is not retried. */
export class AnswerTooLarge extends UnexpectedAnswer {
  override readonly name = 'AnswerTooLarge';
  override readonly code = 'AnswerTooLarge';
}

/** Whether a request failed because of the content of its answer. */
export function isUnexpectedAnswer(error: unknown): boolean {
  return isMangamotionError(error) && error.cause instanceof UnexpectedAnswer;
}

/**
 * The maximum size of answers that are read into memory, in bytes. Real answers are far smaller: a
 * page of 1,000 keys of 1,024 bytes, percent-encoded, has 4 MB.
 */
export const ANSWER_LIMITS = {
  pageBytes: 32 * 1024 * 1024,
  /** Any other document: bucket documents, tags, ACLs, the list of buckets. */
  documentBytes: 16 * 1024 * 1024,
  /** The text of an error. The rest is ignored, because the status says enough. */
  errorBytes: 64 * 1024,
} as const;
