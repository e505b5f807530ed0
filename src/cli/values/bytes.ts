import { MangamotionError } from '../../errors.js';

const UNITS = ['', 'K', 'M', 'G', 'T'];

/**
 * Reads `500M`, `10G` or `1.5T`: bytes, in units of 1024. Throws `usage` (`must be …`, for the parser
 * to complete) for anything else, and for none at all.
 */
export function parseBytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(number) * 1024 ** UNITS.indexOf(unit.toUpperCase()));
  if (number !== '' && bytes >= 1) return bytes;
  throw new MangamotionError('usage', 'must be a number of bytes such as 500M, 10G or 1.5T');
}
