import { describe, expect, it } from 'vitest';
import { namesOf, selectRuns, withOutbox } from '../../../src/schedule/runs.js';
import { entryState, notRun, runRecord } from '../../helpers/run-records.js';

const well = runRecord();
const inPart = runRecord({ exit_code: 3 });
const killed = runRecord({ name: 'weekly', exit_code: null, reason: 'SIGKILL' });
const late = runRecord({ result: 'waited' });
const skipped = notRun('skipped');
const missed = notRun('missed', { count: 12 });
const ALL = [well, inPart, killed, late, skipped, missed];
const question = { name: undefined, failedOnly: false, limit: 20 };

describe('the runs of a history', () => {
  it('that failed are those without status 0 and those missed, not those skipped', () => {
    expect(selectRuns(ALL, { ...question, failedOnly: true })).toEqual([inPart, killed, missed]);
  });

  it('are counted after they were chosen, so that a limit never hides a failure', () => {
    const chosen = selectRuns([...Array.from({ length: 50 }, () => well), killed], {
      ...{ name: 'weekly', failedOnly: true, limit: 1 },
    });
    expect(chosen).toEqual([killed]);
    expect(selectRuns(ALL, { ...question, limit: 2 })).toEqual([well, inPart]);
  });

  it('of one name are not those of a name that begins with it', () => {
    const other = runRecord({ name: 'daily-2' });
    expect(selectRuns([other, well], { ...question, name: 'daily' })).toEqual([well]);
  });

  it('have what was not written yet in front, each once', () => {
    const [older, newer] = [runRecord(), runRecord()];
    expect(withOutbox([well], { outbox: [well, older, newer] })).toEqual([newer, older, well]);
  });

  it('and the state tell which names there are', () => {
    const entries = { hourly: entryState(), daily: entryState() };
    expect(namesOf(ALL, { entries })).toEqual(['daily', 'hourly', 'weekly']);
    expect(namesOf([], { entries: {} })).toEqual([]);
  });
});
