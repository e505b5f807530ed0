import { describe, expect, it } from 'vitest';
import { AwaitedRecords } from '../../../../src/serve/jobs/awaited-records.js';
import type { Change } from '../../../../src/serve/jobs/changes.js';
import { rowOfJob } from '../../../../src/jobs/row.js';
import { queueJob } from '../../jobs/rows.js';

const ROW = rowOfJob(queueJob('1'), undefined);

/** A job that has left the queue, whose record may follow. */
function gone(fields: Partial<Change> = {}): Change {
  return {
    ...{ id: '1', eventId: '5-0', before: ROW, row: ROW },
    ...{ ending: 'completed', awaitsRecord: true, ...fields },
  };
}

describe('billing records that are awaited', () => {
  it('are looked for once a second, and the end is told at once', () => {
    const awaited = new AwaitedRecords();
    expect(awaited.told(gone(), true, 0)).toEqual(gone());
    expect([...awaited.due(0)]).toEqual([['1', { eventId: undefined, ending: 'completed' }]]);
    expect(awaited.due(999).size).toBe(0);
    expect(awaited.due(1000).size).toBe(1);
    expect(awaited.told(gone(), false, 1000)).toBeUndefined();
    expect(awaited.size).toBe(1);
  });

  it('that come are told, and awaited no longer', () => {
    const awaited = new AwaitedRecords();
    awaited.told(gone(), true, 0);
    const change = gone({ awaitsRecord: false });
    expect(awaited.told(change, false, 1000)).toEqual(change);
    expect(awaited.size).toBe(0);
  });

  it('that do not come within ten seconds are told as the end of the job', () => {
    const awaited = new AwaitedRecords();
    awaited.told(gone(), true, 0);
    expect(awaited.told(gone(), false, 9999)).toBeUndefined();
    expect(awaited.told(gone(), false, 10_000)).toEqual(gone({ row: undefined }));
    expect(awaited.size).toBe(0);
  });

  it('of a job that was never read are awaited, and nothing is told yet', () => {
    const awaited = new AwaitedRecords();
    expect(awaited.told(gone({ before: undefined, row: undefined }), true, 0)).toBeUndefined();
    expect(awaited.size).toBe(1);
    awaited.clear();
    expect(awaited.size).toBe(0);
  });
});
