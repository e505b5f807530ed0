import { describe, expect, it } from 'vitest';
import {
  found,
  missingOffset,
  released,
  withBlock,
  withHead,
  withJob,
  without,
  type JobList,
} from '../../../src/web/jobs/job-list.js';
import { jobDocument, jobsDocument } from './job-documents.js';

const ALL = { status: undefined, userId: undefined, id: undefined };
const COUNTS = { all: 10, completed: 6, processing: 2, failed: 1, pending: 1 };
const jobs = (from: number, to: number) =>
  Array.from({ length: from - to + 1 }, (_, index) => jobDocument(from - index));
const ids = ({ rows }: JobList) => rows.map((row) => row?.id ?? '?').join(' ');
const waitingIds = ({ waiting }: JobList) => waiting.map(({ id }) => id).join(' ');

/** Jobs 10 to 1, of which the first four are known. */
const list = withHead(undefined, jobsDocument(jobs(10, 7), { total: 10 }), true);

describe('a list', () => {
  it('has a row for every job, also for those that were not read', () => {
    expect(ids(list)).toBe('10 9 8 7 ? ? ? ? ? ?');
    expect(missingOffset(list, 0, 3)).toBeUndefined();
    expect(missingOffset(list, 2, 8)).toBe(4);
    expect(missingOffset(list, 8, 90)).toBe(8);
  });

  it('takes a block to its place', () => {
    const block = jobsDocument(jobs(5, 3), { total: 10, offset: 5 });
    expect(ids(withBlock(list, block))).toBe('10 9 8 7 ? 5 4 3 ? ?');
  });

  it('has a job once, also if the list has moved since', () => {
    const block = jobsDocument(jobs(8, 5), { total: 11, offset: 3 });
    expect(ids(withBlock(list, block))).toBe('10 9 ? 8 7 6 5 ? ? ? ?');
  });

  it('keeps what is known below its beginning when that is read again', () => {
    const whole = withBlock(list, jobsDocument(jobs(6, 1), { total: 10, offset: 4 }));
    const again = withHead(whole, jobsDocument(jobs(12, 9), { total: 12 }), true);
    expect(ids(again)).toBe('12 11 10 9 8 7 6 5 4 3 2 1');
  });

  it('forgets what may have moved anywhere', () => {
    const again = withHead(list, jobsDocument(jobs(30, 27), { total: 30 }), true);
    expect(ids(again)).toBe(['30 29 28 27', ...Array<string>(26).fill('?')].join(' '));
  });

  it('lets new jobs wait while it is scrolled', () => {
    const scrolled = withHead(list, jobsDocument(jobs(12, 9), { total: 12 }), false);
    expect(ids(scrolled)).toBe(ids(list));
    expect(waitingIds(scrolled)).toBe('12 11');
    // What the server calls row 6 is row 4 here.
    expect(missingOffset(scrolled, 4, 9)).toBe(6);
    const block = jobsDocument(jobs(6, 5), { total: 12, offset: 6 });
    expect(ids(withBlock(scrolled, block))).toBe('10 9 8 7 6 5 ? ? ? ?');
    expect(ids(released(scrolled))).toBe('12 11 10 9 8 7 ? ? ? ? ? ?');
  });

  it('is searched by parts of ids', () => {
    expect(found(list.rows, '1').map(({ id }) => id)).toEqual(['10']);
    expect(found(list.rows, 'x')).toEqual([]);
  });

  it('loses a job that was removed', () => {
    expect(ids(without(list, '9'))).toBe('10 8 7 ? ? ? ? ? ?');
  });
});

describe('an event', () => {
  const state = { list, counts: COUNTS };

  it('changes the row in its place, and the counts', () => {
    const job = jobDocument(9, { status: 'failed' });
    const changed = withJob(state, job, ALL, true);
    expect(changed.list.rows[1]).toBe(job);
    expect(changed.counts).toMatchObject({ completed: 5, failed: 2, all: 10 });
    expect(changed.isUncertain).toBe(false);
  });

  it('about a new job puts it on top', () => {
    const changed = withJob(state, jobDocument(11, { status: 'pending' }), ALL, true);
    expect(ids(changed.list)).toMatch(/^11 10 9/);
    expect(changed.counts).toMatchObject({ all: 11, pending: 2 });
  });

  it('about a new job lets it wait above a list that is scrolled', () => {
    const once = withJob(state, jobDocument(11), ALL, false);
    const twice = withJob(once, jobDocument(11, { status: 'processing' }), ALL, false);
    expect(ids(twice.list)).toBe(ids(list));
    expect(twice.list.waiting).toMatchObject([{ id: '11', status: 'processing' }]);
  });

  it('takes a job out of a filter that it no longer fits', () => {
    const filter = { status: 'completed', userId: undefined, id: undefined };
    const changed = withJob(state, jobDocument(9, { status: 'failed' }), filter, true);
    expect(ids(changed.list)).toMatch(/^10 8 7/);
  });

  it('puts a job where it belongs among those that are known', () => {
    const known = without(list, '9');
    const changed = withJob({ list: known, counts: COUNTS }, jobDocument(9), ALL, true);
    expect(ids(changed.list)).toMatch(/^10 9 8 7/);
  });

  it('about a job somewhere below changes nothing: the server is asked', () => {
    const changed = withJob(state, jobDocument(2), ALL, true);
    expect(changed).toMatchObject({ list, isUncertain: true });
  });

  it('about a job of another user is none of ours', () => {
    const filter = { status: undefined, userId: 'bob', id: undefined };
    expect(withJob(state, jobDocument(11), filter, true)).toEqual({ ...state, isUncertain: false });
  });

  it('about a job without any time is asked about', () => {
    const job = jobDocument(99, { created_at: null, finished_at: null });
    expect(withJob(state, job, ALL, true)).toMatchObject({ list, isUncertain: true });
  });
});
