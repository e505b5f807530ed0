export { countOf, formatCount } from '../../count-of.js';
export { formatBytes } from '../../format-bytes.js';

/** The server rounds money to this many places. */
const PLACES = 4;

/** US dollars that the server has rounded: `$1,234.5678`, `-$0.0023`. */
export function moneyText(amount: number, places = PLACES): string {
  const [whole = '', fraction = ''] = Math.abs(amount).toFixed(places).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  const isZero = Number(whole) === 0 && Number(fraction) === 0;
  return `${amount < 0 && !isZero ? '-' : ''}$${grouped}${places > 0 ? `.${fraction}` : ''}`;
}

/** In a sentence, where the sign must not begin a line. */
export const PERCENT = '\u00a0%';

/** `1st`, `2nd`, `3rd`, `11th`, `21st`. */
export function ordinalText(number: number): string {
  const tens = number % 100;
  const ending = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][number % 10] ?? 'th');
  return `${number}${ending}`;
}

/** `45 %`; what a worker reports beyond 0 to 100 is shown as it is. */
export function percentText(value: number): string {
  return value < 0 || value > 100 ? String(value) : `${Math.round(value)} %`;
}
