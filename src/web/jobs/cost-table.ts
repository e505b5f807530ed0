import type { SumLine } from '../kit/sum-line.js';
import { formatCount } from '../text/numbers.js';

/** More decimals than this are rounded: the exact lines are shown beside. */
const MOST_DECIMALS = 9;

/**
 * Reads the arithmetic that the server explains, such as `218,103,808 bytes`, `0.203125 GiB × $0.001`,
 * `$0.000203125`; `undefined` if its lines are others. Amounts have
 * equally many decimals, so that their points stand below one another. `≈` is before what is rounded.
 */
export function costParts(lines: readonly string[]): SumLine[] | undefined {
  const [bytes] = matchOf(lines, /^(\d+) bytes? \/ 1024\^3 = /);
  const [gib, gibRate, gibCost] = matchOf(lines, /^([\d.]+) GiB × (\$[\d.]+) = \$([\d.]+)$/);
  const [seconds, rate, cost] = matchOf(lines, /^([\d.]+) s × (\$[\d.]+) = \$([\d.]+)$/);
  if (bytes === undefined || gibCost === undefined || cost === undefined) return undefined;
  const places = Math.min(MOST_DECIMALS, Math.max(decimalsOf(gibCost), decimalsOf(cost)));
  return [
    {
      name: `${formatCount(BigInt(bytes))} ${bytes === '1' ? 'byte' : 'bytes'}`,
      price: `${short(gib ?? '')} GiB × ${gibRate ?? ''}`,
      amount: amountText(gibCost, places),
    },
    {
      name: 'Compute',
      price: `${short(seconds ?? '')} s × ${rate ?? ''}`,
      amount: amountText(cost, places),
    },
  ];
}

function matchOf(lines: readonly string[], pattern: RegExp): string[] {
  for (const line of lines) {
    const match = pattern.exec(line);
    if (match !== null) return match.slice(1);
  }
  return [];
}

function decimalsOf(number: string): number {
  return number.split('.')[1]?.length ?? 0;
}

function amountText(number: string, places: number): string {
  if (decimalsOf(number) > places) return `≈ $${grouped(Number(number).toFixed(places))}`;
  const [whole = '', decimals = ''] = number.split('.');
  return places === 0 ? `$${grouped(whole)}` : `$${grouped(whole)}.${decimals.padEnd(places, '0')}`;
}

function short(number: string): string {
  if (decimalsOf(number) <= MOST_DECIMALS) return grouped(number);
  return `≈ ${grouped(Number(number).toFixed(MOST_DECIMALS - 3))}`;
}

function grouped(number: string): string {
  const [whole = '', decimals] = number.split('.');
  const text = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return decimals === undefined ? text : `${text}.${decimals}`;
}
