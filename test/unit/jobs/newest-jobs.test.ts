import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NewestJobs, newestFirst } from '../../../src/jobs/newest-jobs.js';
import { rowOfRecord } from '../../../src/jobs/row.js';
import { jobRecord } from './rows.js';

const row = (id: string, timeMs: number | null) => ({
  ...rowOfRecord('ai-job', jobRecord(id)),
  sortTimeMs: timeMs,
});

describe('the newest rows', () => {
  it('are those that sorting all of them would give', () => {
    const rows = fc.array(
      fc.tuple(fc.nat(30).map(String), fc.option(fc.nat(20))).map(([id, time]) => row(id, time)),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(rows, fc.nat(40), (all, most) => {
        const newest = new NewestJobs<(typeof all)[number]>(most);
        for (const one of all) newest.add(one);
        const expected = [...all].sort(newestFirst).slice(0, most);
        const named = (of: typeof all) => of.map(({ id, sortTimeMs }) => `${id} ${sortTimeMs}`);
        expect(named(newest.sorted())).toEqual(named(expected));
      }),
    );
  });

  it('of the same time are the higher ids first, which are numbers', () => {
    const rows = [row('9', 5), row('10', 5), row('a', 5), row('11', null), row('2', 6)];
    expect(rows.sort(newestFirst).map(({ id }) => id)).toEqual(['2', 'a', '10', '9', '11']);
  });
});
