import { MangamotionError, isMangamotionError } from '../errors.js';

/** The error of a user of Redis who may not write the index; the usual hint is about reading. */
export function withWritersHint(error: unknown): unknown {
  if (!isMangamotionError(error, 'access_denied')) return error;
  return new MangamotionError('access_denied', error.message, {
    hint: 'the index is written by a user with the rights +@all -@dangerous on the keys billing:*',
    cause: error.cause,
  });
}
