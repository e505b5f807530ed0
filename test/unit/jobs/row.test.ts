import { describe, expect, it } from 'vitest';
import { isRecordOf, rowOfJob, rowOfRecord } from '../../../src/jobs/row.js';
import { jobRecord, queueJob } from './rows.js';

describe('a job that is in the queue and has a record', () => {
  it('is told by the queue, and priced by the record', () => {
    const job = queueJob('7', { state: 'active', progress: 40, userId: null });
    const row = rowOfJob(job, jobRecord('7', { status: 'failed' }));
    expect(row).toMatchObject({ source: 'both', status: 'processing', progress: 40 });
    expect(row.userId, 'of the record, where the data names none').toBe('alice');
    expect(row.finishedAt).toBeNull();
  });

  it.each([
    ['its last call was after the job was made', { timestamp: '2026-11-24T10:00:01Z' }, true],
    ['clocks differ by some minutes', { timestamp: '2026-11-24T09:56:00Z' }, true],
    ['its last call was long before', { timestamp: '2026-11-23T10:00:00Z' }, false],
    [
      'it ended after the last call of bytes',
      { timestamp: '2026-11-23T10:00:00Z', completedAt: '2026-11-24T10:01:00Z' },
      true,
    ],
    ['it has no time', { timestamp: null }, true],
    ['its times are no times', { timestamp: 'yesterday' }, true],
    ['another user', { timestamp: '2026-11-24T10:00:01Z', userId: 'bob' }, false],
    ['no user', { timestamp: '2026-11-24T10:00:01Z', userId: null }, true],
  ])('belongs to the job or to an earlier one of the same id: %s', (_what, fields, expected) => {
    expect(isRecordOf(queueJob('7'), jobRecord('7', { completedAt: null, ...fields }))).toBe(
      expected,
    );
  });
});

describe('a job of which a record is left', () => {
  it.each([
    ['completed', 'completed', 100],
    ['failed', 'failed', null],
    ['skipped', 'skipped', null],
    ['exploded', 'exploded', null],
    ['', 'unknown', null],
    [null, 'unknown', null],
  ])('has the status of the record: %s', (status, expected, progress) => {
    const row = rowOfRecord('ai-job', jobRecord('7', { status }));
    expect(row).toMatchObject({ status: expected, progress, state: null, source: 'billing' });
  });

  it.each([
    ['2026-11-24T10:05:00Z', '2026-11-24T11:00:00Z', '2026-11-24T10:05:00Z'],
    [null, '2026-11-24T11:00:00Z', '2026-11-24T11:00:00Z'],
    ['no time', '2026-11-24T11:00:00Z', '2026-11-24T11:00:00Z'],
  ])('is sorted by its end, else by the last call: %s, %s', (completedAt, timestamp, expected) => {
    const row = rowOfRecord('ai-job', jobRecord('7', { completedAt, timestamp }));
    expect(row.sortTimeMs).toBe(Date.parse(expected));
    expect(row.createdAt).toBeNull();
  });

  it('without any time has none', () => {
    const record = jobRecord('7', { completedAt: null, timestamp: null });
    expect(rowOfRecord('ai-job', record).sortTimeMs).toBeNull();
  });
});
