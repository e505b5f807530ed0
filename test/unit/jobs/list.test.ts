import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ListRequest } from '../../../src/jobs/collect.js';
import { QUEUE_STATES } from '../../../src/jobs/job.js';
import { listJobs } from '../../../src/jobs/list.js';
import { memorySources } from './memory-sources.js';
import { jobRecord, queueJob } from './rows.js';

const request = (fields: Partial<ListRequest> = {}): ListRequest => ({
  userId: undefined,
  statuses: undefined,
  since: undefined,
  until: undefined,
  limit: 50,
  offset: 0,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onScan: () => undefined,
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
    // The index has no order for records of the same time: they have different ones here.
    timestamp: fc.nat(1_000_000).map((ms) => new Date(noonMs - ms * 60).toISOString()),
    completedAt: fc.constant(null),
  }),
  { selector: (record) => record.jobId, maxLength: 12 },
);
const asked = fc.record({
  statuses: fc.option(fc.subarray(['pending', 'completed', 'failed', 'skipped', 'unknown']), {
    nil: undefined,
  }),
  since: fc.option(fc.integer({ min: -16, max: 5 }).map(at), { nil: undefined }),
  until: fc.option(fc.integer({ min: -16, max: 9 }).map(at), { nil: undefined }),
  limit: fc.integer({ min: 1, max: 9 }),
  offset: fc.nat(6),
});

describe('the list of jobs', () => {
  it('by the index is that by reading all records', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, records, asked, async (someJobs, someRecords, fields) => {
        const world = {
          jobs: someJobs.map((job) => queueJob(job.id, job)),
          records: someRecords.map((record) => jobRecord(record.jobId, record)),
          expired: ['gone-1', 'gone-2'],
        };
        const one = request({ ...fields, userId: 'alice' });
        const byScan = await listJobs(memorySources({ ...world, indexed: false }), one);
        const byIndex = await listJobs(memorySources({ ...world, indexed: true }), one);
        const named = (rows: typeof byScan.rows) =>
          rows.map((row) => `${row.id} ${row.source} ${row.status} ${String(row.sortTimeMs)}`);
        expect(named(byIndex.rows)).toEqual(named(byScan.rows));
        expect(byIndex.total).toBe(byScan.total);
        expect([byScan.read, byIndex.read]).toEqual(['scan', 'index']);
      }),
      { numRuns: 500 },
    );
  });

  it('has each job once, and an earlier job of the same id beside the one in the queue', async () => {
    const earlier = { timestamp: '2026-11-20T10:00:00Z', completedAt: '2026-11-20T10:00:00Z' };
    const sources = memorySources({
      jobs: [queueJob('1', { state: 'failed' }), queueJob('2')],
      records: [jobRecord('1'), jobRecord('2', earlier), jobRecord('3')],
      indexed: false,
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

  it('of a user has a job whose data names nobody, but whose record does', async () => {
    const sources = memorySources({
      jobs: [queueJob('1', { userId: null, state: 'active' }), queueJob('2', { userId: 'bob' })],
      records: [jobRecord('1'), jobRecord('2', { userId: 'alice' })],
      indexed: true,
    });
    const { rows } = await listJobs(sources, request({ userId: 'alice' }));
    expect(rows.map((row) => [row.id, row.source, row.status])).toEqual([
      ['2', 'billing', 'completed'],
      ['1', 'both', 'processing'],
    ]);
  });

  it('of a user with more records than a page reads no more of the index than it needs', async () => {
    const many = Array.from({ length: 5000 }, (_none, n) =>
      jobRecord(String(n), { completedAt: new Date(noonMs + n * 1000).toISOString() }),
    );
    const world = { jobs: [queueJob('4000')], records: many, expired: ['x', 'y'], indexed: true };
    const sources = memorySources(world);
    let read = 0;
    const counting = {
      ...sources,
      records: sources.records && {
        ...sources.records,
        read: (ids: readonly string[]) => {
          read += ids.length;
          return sources.records?.read(ids) ?? Promise.resolve([]);
        },
      },
    };
    const { rows, total } = await listJobs(counting, request({ userId: 'alice', limit: 10 }));
    expect(rows.map((row) => row.id)).toEqual(
      Array.from({ length: 10 }, (_none, n) => String(4999 - n)),
    );
    expect(total, 'the job in the queue has a record, and two are gone').toBe(5000);
    expect(read).toBeLessThan(1000);
  });
});
