import { MangamotionError } from '../../errors.js';

/** A number of things. Throws `usage` (`must be …`, for the parser to complete) for anything else. */
export function parseCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new MangamotionError('usage', 'must be a whole number, 0 to 999999');
}
