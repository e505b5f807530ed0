import type { JobRecord } from '../../../src/job-record.js';
import type { QueueJob } from '../../../src/jobs/job.js';

/** A job of the queue with nothing special about it. */
export function queueJob(id: string, fields: Partial<QueueJob> = {}): QueueJob {
  return {
    queue: 'ai-job',
    id,
    state: 'waiting',
    name: 'video',
    data: {},
    userId: 'alice',
    files: null,
    fileCount: null,
    progress: null,
    progressDetail: null,
    createdAt: new Date('2026-11-24T10:00:00Z'),
    startedAt: null,
    finishedAt: null,
    attemptsMade: 0,
    options: {},
    failedReason: null,
    stacktrace: [],
    returnValue: null,
    dueAt: null,
    childrenWaiting: null,
    stalled: null,
    problems: [],
    notes: [],
    ...fields,
  };
}

/** A billing record with nothing special about it. */
export function jobRecord(jobId: string, fields: Partial<JobRecord> = {}): JobRecord {
  return {
    jobId,
    userId: 'alice',
    status: 'completed',
    timestamp: '2026-11-24T10:05:00.000Z',
    completedAt: '2026-11-24T10:05:00.000Z',
    bytes: '1024',
    seconds: '1.5',
    ...fields,
  };
}
