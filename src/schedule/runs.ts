import type { RunRecord } from './state/record.js';
import { hasFailed } from './state/record.js';
import type { ScheduleState } from './state/state.js';

export interface RunFilter {
  /** The name of an entry; `undefined` for all entries. */
  name: string | undefined;
  /** Whether only failed and missed runs are selected. */
  failedOnly: boolean;
  limit: number;
}

/** Selects records, in their order. */
export function selectRuns(
  records: readonly RunRecord[],
  { name, failedOnly, limit }: RunFilter,
): RunRecord[] {
  return records
    .filter((record) => name === undefined || record.name === name)
    .filter((record) => !failedOnly || hasFailed(record) || record.result === 'missed')
    .slice(0, limit);
}

/**
 * Returns the history and the records that a daemon has not written into it yet, the latest first. While
 * a daemon writes, a record may be in both.
 */
export function withOutbox(
  records: readonly RunRecord[],
  { outbox }: Pick<ScheduleState, 'outbox'>,
): RunRecord[] {
  const ids = new Set(records.map(({ id }) => id));
  return [...outbox.filter(({ id }) => !ids.has(id)).reverse(), ...records];
}

/** Returns the names of all entries with a record or a state, sorted. */
export function namesOf(
  records: readonly RunRecord[],
  { entries }: Pick<ScheduleState, 'entries'>,
): string[] {
  return [...new Set([...records.map(({ name }) => name), ...Object.keys(entries)])].sort();
}
