import { MangamotionError } from '../../errors.js';

/** Reads `5%` or `0.05` as a share of 1. Throws `usage` (`must be …`) for anything else. */
export function parseShare(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text);
  const share = Number(match?.[1]) / (match?.[2] === '%' ? 100 : 1);
  if (share > 0 && share <= 1) return share;
  throw new MangamotionError('usage', 'must be a share such as 5%, over 0% and up to 100%');
}
