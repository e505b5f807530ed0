import { MangamotionError } from '../../errors.js';

/**
 * Reads whole numbers from `least` on, of at most so many digits. Throws `usage` (`must be …`, for the
 * parser to complete) for anything else.
 */
export function wholeNumber(least: 0 | 1, digits: number): (text: string) => number {
  const pattern = least === 0 ? `\\d{1,${digits}}` : `[1-9]\\d{0,${digits - 1}}`;
  const good = new RegExp(`^${pattern}$`);
  return (text) => {
    if (good.test(text)) return Number(text);
    const what = `must be a whole number, ${least} to ${'9'.repeat(digits)}`;
    throw new MangamotionError('usage', what);
  };
}

/** Reads a whole number from 1 to `most`. Throws `usage` for anything else. */
export function wholeNumberTo(most: number): (text: string) => number {
  return (text) => {
    const value = /^[1-9]\d{0,5}$/.test(text) ? Number(text) : 0;
    if (value >= 1 && value <= most) return value;
    throw new MangamotionError('usage', `must be a whole number, 1 to ${most}`);
  };
}

export const parseCount = wholeNumber(0, 6);
