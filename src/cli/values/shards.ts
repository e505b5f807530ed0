import { MangamotionError } from '../../errors.js';
import { MOST_SHARES } from '../../workers/work.js';

/** Values about the shards of a run. */

/** More would make plans and indexes large, and gain nothing. */
export const MOST_SHARDS = MOST_SHARES;

/** Reads the name of a run, which is a text in its plan. Throws `usage`. */
export function parseRunName(text: string): string {
  if (/^[\w.:@-]{1,200}$/.test(text) && /[a-z0-9]/i.test(text)) return text;
  throw new MangamotionError(
    'usage',
    'must have 1 to 200 letters, digits and any of . _ : @ -, and a letter or digit among them',
  );
}

/** Reads `3/16`, or `2+1/16`: platforms that number their jobs from 0 cannot add. Throws `usage`. */
export function parseShare(text: string): { index: number; of: number } {
  const [, number, one, count] = /^(0|[1-9]\d{0,4})(\+1)?\/([1-9]\d{0,4})$/.exec(text) ?? [];
  const index = Number(number) + (one === undefined ? 0 : 1);
  const of = Number(count);
  if (index >= 1 && index <= of && of <= MOST_SHARDS) return { index, of };
  throw new MangamotionError('usage', `must be like 3/16: a share, and how many there are`);
}
