import { stat } from 'node:fs/promises';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { namesOf, selectRuns, withOutbox, type RunFilter } from '../../schedule/reports.js';
import type { RunRecord } from '../../schedule/state/record.js';
import { readRecordedHistory, readRecordedState } from '../../schedule/state/recorded.js';
import type { ScheduleState } from '../../schedule/state/state.js';

export interface Runs {
  /** The latest first. */
  records: RunRecord[];
  /** Lines of the history that are not records. */
  damaged: number;
  state: Pick<ScheduleState, 'outbox' | 'entries' | 'pending'>;
  /** Why the state cannot be used, if it cannot. */
  unusable: string | undefined;
}

/** Reads all runs of a state folder. Rejects with `not_found` if no daemon has been there. */
export async function readRuns(folder: string): Promise<Runs> {
  try {
    await stat(folder);
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw translateFileError(cause, 'read', folder);
    throw new MangamotionError('not_found', `there is no state folder ${folder}`, {
      hint: 'the daemon, `mangamotion schedule`, creates it; --state-dir selects another',
      cause,
    });
  }
  // First the state: what a daemon takes out of it meanwhile is in the history by then.
  const read = await readRecordedState(folder);
  const state = read.kind === 'read' ? read.state : { outbox: [], entries: {}, pending: [] };
  const { records, damaged } = await readRecordedHistory(folder);
  const unusable = read.kind === 'unusable' ? read.reason : undefined;
  return { records: withOutbox(records, state), damaged, state, unusable };
}

/** Selects runs. Throws `not_found` for the name of an entry that no run has, if there are any runs. */
export function chooseRuns({ records, state }: Runs, filter: RunFilter): RunRecord[] {
  const { name } = filter;
  const names = namesOf(records, state);
  if (name !== undefined && names.length > 0 && !names.includes(name)) throw unknown(name, names);
  return selectRuns(records, filter);
}

const MOST_NAMES = 20;

function unknown(name: string, names: readonly string[]): MangamotionError {
  const more = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : '';
  return new MangamotionError('not_found', `there is no history of an entry ${name}`, {
    hint: `there are ${names.slice(0, MOST_NAMES).join(', ')}${more}`,
  });
}
