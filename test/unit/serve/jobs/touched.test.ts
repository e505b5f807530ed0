import { describe, expect, it } from 'vitest';
import type { EventEntry } from '../../../../src/jobs/queue/events.js';
import { rowOfJob } from '../../../../src/jobs/row.js';
import { KnownRows } from '../../../../src/serve/jobs/known-rows.js';
import { inOrder, isOfAllJobs, touch, type Touched } from '../../../../src/serve/jobs/touched.js';
import { queueJob } from '../../jobs/rows.js';

const entry = (id: string, event: string, jobId: string | null): EventEntry =>
  ({ id, event, jobId }) as EventEntry;

function touchedBy(...entries: EventEntry[]): Touched {
  const touched: Touched = new Map();
  for (const one of entries) touch(touched, one);
  return touched;
}

describe('the jobs that events touch', () => {
  it('are in the order of their latest events, with how they ended', () => {
    const touched = touchedBy(
      entry('1-0', 'failed', 'a'),
      entry('2-0', 'active', 'b'),
      entry('3-0', 'drained', null),
      entry('4-0', 'waiting', 'a'),
      entry('5-0', 'completed', 'c'),
    );
    expect([...touched]).toEqual([
      ['b', { eventId: '2-0', ending: undefined }],
      ['a', { eventId: '4-0', ending: undefined }],
      ['c', { eventId: '5-0', ending: 'completed' }],
    ]);
  });

  it('are put together with later ones, which count', () => {
    const earlier = touchedBy(entry('1-0', 'active', 'a'), entry('2-0', 'active', 'b'));
    const all = inOrder(earlier, touchedBy(entry('3-0', 'failed', 'a')));
    expect([...all]).toEqual([
      ['b', { eventId: '2-0', ending: undefined }],
      ['a', { eventId: '3-0', ending: 'failed' }],
    ]);
    expect(earlier.get('a')).toEqual({ eventId: '1-0', ending: undefined });
  });

  it.each([
    ['paused', true],
    ['obliterated', true],
    ['completed', false],
  ])('are all of them after the event %s: %j', (event, isSo) => {
    expect(isOfAllJobs(entry('1-0', event, null))).toBe(isSo);
  });
});

describe('the rows that are known', () => {
  it('are bounded: the one that was read longest ago is forgotten', () => {
    const known = new KnownRows();
    const row = rowOfJob(queueJob('any'), undefined);
    for (let n = 0; n < 5000; n++) expect(known.remember(String(n), row)).toEqual([]);
    expect(known.remember('0', row)).toEqual([]);
    expect(known.remember('new', row)).toEqual(['1']);
    expect([known.get('0'), known.get('1')]).toEqual([row, undefined]);
    expect(known.remember('0', undefined)).toEqual(['0']);
    expect(known.get('0')).toBeUndefined();
  });
});
