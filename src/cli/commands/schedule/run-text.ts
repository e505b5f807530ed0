import type { RunRecord } from '../../../schedule/state/record.js';
import { hasFailed, hasRun } from '../../../schedule/state/record.js';
import type { Presentation } from '../../output/columns.js';
import { type FieldsOf, fieldNames } from '../../output/fields.js';
import { countOf } from '../../output/units.js';
import type { Tone } from '../../output/paint.js';

/** The fields of a run that --fields accepts. */
export const RECORD_FIELDS: FieldsOf<RunRecord> = fieldNames(
  ...(['id', 'name', 'due_at', 'started_at', 'finished_at', 'exit_code', 'result'] as const),
  ...(['trigger', 'reason', 'bytes', 'archive_bytes', 'copied_bytes', 'log_file'] as const),
  ...(['count', 'zone'] as const),
);

/** What became of a firing, in a word or two with a mark: `✓ ran`, `✕ failed`, `– missed 12 times`. */
export function resultText(record: RunRecord): string {
  const { result, count } = record;
  if (hasFailed(record)) return '✕ failed';
  if (hasRun(record)) return result === 'waited' ? '✓ ran late' : '✓ ran';
  return count > 1 ? `– ${result} ${countOf(count, 'time')}` : `– ${result}`;
}

export function resultTone(record: RunRecord): Tone {
  if (hasFailed(record)) return 'bad';
  return hasRun(record) ? 'good' : 'waiting';
}

/** `2026-11-25 02:00:00 UTC`; on a terminal also how far away that is. From RFC 3339 in UTC. */
export function timeText(iso: string, people: Presentation): string {
  const text = people.clock(iso);
  const relative = people.time(iso);
  return relative === iso ? text : `${text}, ${relative}`;
}
