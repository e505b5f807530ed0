import type { KeyClass } from '../../restore/plan/key-classes.js';

/** What a server was found to do. The words are kept in a file: they do not change. */
export interface ServerAnswers {
  /** The last page of a listing, requested once more. */
  last_page: 'same' | 'different';
  /** Where a listing goes on that starts after a key. */
  start_after: 'behind' | 'with_the_key' | 'ignored';
  /** Whether a listing names all that was stored. */
  listing: 'complete' | 'ends_early';
  metadata: 'kept' | 'changed';
  tags: 'kept' | 'changed' | 'unsupported';
  checksums: 'kept' | 'changed' | 'unsupported';
  /** For each class of odd keys. */
  keys: Readonly<Record<KeyClass, 'kept' | 'renamed' | 'refused'>>;
  /** How HEAD rounds the time that the listing tells to the millisecond. */
  times: 'down' | 'up' | 'nearest' | 'unknown';
  /** What a deletion by version id does to an object under retention. */
  lock: 'resists' | 'gives_in' | 'unsupported';
}

export type Question = keyof ServerAnswers;

/** An answer, or why there is none. */
type Answered<Name extends Question = Question> =
  | { answer: ServerAnswers[Name] }
  | { error: string };

export type AnswerSheet = { readonly [Name in Question]: Answered<Name> };
