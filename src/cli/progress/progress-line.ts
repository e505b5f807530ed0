import stringWidth from 'string-width';
import type { Part, ProgressState } from './progress-parts.js';
import { PARTS, progressParts } from './progress-parts.js';

const LEAST_IMPORTANT_FIRST: readonly Part[] = [
  'objects',
  'rate',
  'left',
  'bytes',
  'percent',
  'label',
];

/**
 * One line that is never wider than `width`: where it would be, what matters least goes
 * first.
 */
export function progressLine(state: ProgressState, width: number): string {
  const parts = progressParts(state);
  for (const dropped of LEAST_IMPORTANT_FIRST.map((_, count) =>
    LEAST_IMPORTANT_FIRST.slice(0, count),
  )) {
    const kept = PARTS.filter((name) => !dropped.includes(name)).map((name) => parts[name]);
    const line = kept.filter((text) => text !== '').join('  ');
    if (stringWidth(line) <= width) return line;
  }
  return cut(state.label, width);
}

function cut(text: string, width: number): string {
  let line = '';
  for (const character of text) {
    if (stringWidth(line + character) > width) break;
    line += character;
  }
  return line;
}
