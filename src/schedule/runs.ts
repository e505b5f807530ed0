import type { RunRecord } from './state/record.js';
import { hasFailed } from './state/record.js';
import type { ScheduleState } from './state/state.js';

export interface RunsQuestion {
  /** `undefined`: those of all entries. */
  name: string | undefined;
  /** Those alone that an operator has to look at. */
  failedOnly: boolean;
  limit: number;
}

/** The records that are asked for, in the order they come in. */
export function selectRuns(
  records: readonly RunRecord[],
  { name, failedOnly, limit }: RunsQuestion,
): RunRecord[] {
  return records
    .filter((record) => name === undefined || record.name === name)
    .filter((record) => !failedOnly || hasFailed(record) || record.result === 'missed')
    .slice(0, limit);
}

/**
 * The history with what a daemon had no time to write into it, the newest first. Where a daemon writes
 * meanwhile, a record is in both.
 */
export function withOutbox(
  records: readonly RunRecord[],
  { outbox }: Pick<ScheduleState, 'outbox'>,
): RunRecord[] {
  const ids = new Set(records.map(({ id }) => id));
  return [...outbox.filter(({ id }) => !ids.has(id)).reverse(), ...records];
}

/** The entries that have left a trace, in the order of the alphabet. */
export function namesOf(
  records: readonly RunRecord[],
  { entries }: Pick<ScheduleState, 'entries'>,
): string[] {
  return [...new Set([...records.map(({ name }) => name), ...Object.keys(entries)])].sort();
}
