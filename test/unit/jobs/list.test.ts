import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListRequest } from '../../../src/jobs/list.js';
import { QUEUE_STATES } from '../../../src/jobs/job.js';
import { listJobs } from '../../../src/jobs/list.js';
import { matches } from '../../../src/jobs/row.js';
import { newestFirst } from '../../../src/jobs/newest-jobs.js';
import type { JobRow } from '../../../src/jobs/row.js';
import { isRecordOf, rowOfJob, rowOfRecord } from '../../../src/jobs/row.js';
import { type World, memorySources } from './memory-sources.js';
import { jobRecord, queueJob } from './rows.js';

const request = (fields: Partial<ListRequest> = {}): ListRequest => ({
  userId: undefined,
  statuses: undefined,
  states: undefined,
  since: undefined,
  until: undefined,
  limit: 50,
  offset: 0,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...fields,
});

const HOUR_MS = 3_600_000;
const noonMs = Date.parse('2026-11-24T12:00:00Z');
const at = (hours: number) => new Date(noonMs + hours * HOUR_MS);
const id = fc.nat(12).map(String);
const user = fc.constantFrom('alice', 'bob', null);
const jobs = fc.uniqueArray(
  fc.record({
    id,
    state: fc.constantFrom(...QUEUE_STATES),
    userId: user,
    createdAt: fc.option(fc.integer({ min: -9, max: 9 }).map(at)),
  }),
  { selector: (job) => job.id, maxLength: 8 },
);
const records = fc.uniqueArray(
  fc.record({
    jobId: id,
    userId: user,
    status: fc.constantFrom('completed', 'failed', 'skipped', null),
    timestamp: fc.nat(1_000_000).map((ms) => new Date(noonMs - ms * 60).toISOString()),
    completedAt: fc.constant(null),
  }),
  { selector: (record) => record.jobId, maxLength: 12 },
);
const asked = fc.record({
  userId: fc.constantFrom('alice', undefined),
  idPart: fc.constantFrom(undefined, undefined, '1', '12', 'none'),
  statuses: fc.option(fc.subarray(['pending', 'completed', 'failed', 'skipped', 'unknown']), {
    nil: undefined,
  }),
  states: fc.option(fc.subarray([...QUEUE_STATES]), { nil: undefined }),
  since: fc.option(fc.integer({ min: -16, max: 5 }).map(at), { nil: undefined }),
  until: fc.option(fc.integer({ min: -16, max: 9 }).map(at), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 9 }),
  offset: fc.nat(6),
});

/** Every row there is. A job whose own data names the user is matched without its record. */
function allRows({ jobs, records }: World, userId: string | undefined): JobRow[] {
  const ownOf = (id: string) =>
    records.find((record) => {
      const job = jobs.find((one) => one.id === id);
      return record.jobId === id && job !== undefined && isRecordOf(job, record);
    });
  return [
    ...jobs.map((job) => {
      const needsRecord = userId !== undefined && job.userId !== userId;
      return rowOfJob(job, needsRecord ? ownOf(job.id) : undefined);
    }),
    ...records
      .filter((record) => ownOf(record.jobId) === undefined)
      .map((record) => rowOfRecord('ai-job', record)),
  ];
}

describe('the list of jobs', () => {
  it('is the part of all rows, sorted, that was requested', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, records, asked, async (someJobs, someRecords, fields) => {
        const world = {
          jobs: someJobs.map((job) => queueJob(job.id, job)),
          records: someRecords.map((record) => jobRecord(record.jobId, record)),
        };
        const one = request(fields);
        const list = await listJobs(memorySources(world), one);
        const all = allRows(world, one.userId).filter((row) => matches(one, row));
        const wanted = all.sort(newestFirst).slice(one.offset, one.offset + one.limit);
        const named = (rows: readonly JobRow[]) =>
          rows.map(
            (row) => `${row.id} ${row.status} ${row.source === 'billing' ? 'record' : 'job'}`,
          );
        expect(named(list.rows)).toEqual(named(wanted));
        expect(list).toMatchObject({ total: all.length, read: 'scan' });
      }),
      { numRuns: 500 },
    );
  });

  it('has each job once, and an earlier job of the same id beside the one in the queue', async () => {
    const earlier = { timestamp: '2026-11-20T10:00:00Z', completedAt: '2026-11-20T10:00:00Z' };
    const sources = memorySources({
      jobs: [queueJob('1', { state: 'failed' }), queueJob('2')],
      records: [jobRecord('1'), jobRecord('2', earlier), jobRecord('3')],
    });
    const { rows, total } = await listJobs(sources, request());
    expect(rows.map((row) => [row.id, row.source, row.status])).toEqual([
      ['3', 'billing', 'completed'],
      ['2', 'queue', 'pending'],
      ['1', 'both', 'failed'],
      ['2', 'billing', 'completed'],
    ]);
    expect(total).toBe(4);
  });

  it('has the jobs whose ids contain a text, in upper or lower case, and reads no others', async () => {
    const sources = memorySources({
      jobs: [queueJob('job-AB'), queueJob('job-cd'), queueJob('Ab')],
      records: [jobRecord('old-aB'), jobRecord('old-cd')],
    });
    const asked: string[] = [];
    const created = sources.queue.created.bind(sources.queue);
    sources.queue.created = (wanted) => {
      asked.push(...[...wanted].map(([id]) => id));
      return created(wanted);
    };
    const { rows, total, counts } = await listJobs(sources, request({ idPart: 'aB' }));
    expect(rows.map((row) => row.id).sort()).toEqual(['Ab', 'job-AB', 'old-aB']);
    expect([total, [...counts.values()].reduce((sum, count) => sum + count, 0)]).toEqual([3, 3]);
    expect(asked.sort()).toEqual(['Ab', 'job-AB']);
  });

  it('of a user has a job whose data names nobody, but whose record does', async () => {
    const sources = memorySources({
      jobs: [queueJob('1', { userId: null, state: 'active' }), queueJob('2', { userId: 'bob' })],
      records: [jobRecord('1'), jobRecord('2', { userId: 'alice' })],
    });
    const { rows } = await listJobs(sources, request({ userId: 'alice' }));
    expect(rows.map((row) => [row.id, row.source, row.status])).toEqual([
      ['2', 'billing', 'completed'],
      ['1', 'both', 'processing'],
    ]);
  });
});
