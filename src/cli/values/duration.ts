import { durationMs } from '../../duration.js';
import { MangamotionError } from '../../errors.js';

/**
 * Milliseconds of a text as `durationMs` reads it. Throws `usage` (`must be …`, for the parser to
 * complete) for anything else, and for no time at all.
 */
export function parseDuration(text: string): number {
  const ms = durationMs(text) ?? 0;
  if (ms > 0) return ms;
  throw new MangamotionError('usage', 'must be a duration such as 90s, 30m, 26h or 7d');
}
