import type { RunRecord } from '../../../schedule/state/record.js';
import { hasFailed, hasRun } from '../../../schedule/state/record.js';
import { formatCount } from '../../output/units.js';
import type { Tone } from '../../output/paint.js';

/** What became of a firing, in a word or two with a mark: `✓ ran`, `✕ failed`, `– missed 12 times`. */
export function resultText(record: RunRecord): string {
  const { result, count } = record;
  if (hasFailed(record)) return '✕ failed';
  if (hasRun(record)) return result === 'waited' ? '✓ ran late' : '✓ ran';
  return count > 1 ? `– ${result} ${formatCount(count)} times` : `– ${result}`;
}

export function resultTone(record: RunRecord): Tone {
  if (hasFailed(record)) return 'bad';
  return hasRun(record) ? 'good' : 'waiting';
}
