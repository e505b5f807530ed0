import type {
  JobDocument,
  JobsDocument,
  ShownJobDocument,
} from '../../../src/web/data/documents.js';

const FIRST_MS = Date.parse('2026-11-24T12:00:00Z');

/** A job that was created so many minutes after another one as its id says. */
export function jobDocument(id: number, fields: Partial<JobDocument> = {}): JobDocument {
  return {
    id: String(id),
    queue: 'ai-job',
    source: 'both',
    status: 'completed',
    state: 'completed',
    user_id: 'alice',
    progress: 100,
    file_count: 24,
    size_bytes: 218_103_808,
    created_at: new Date(FIRST_MS + id * 60_000).toISOString(),
    started_at: null,
    finished_at: null,
    failed_reason: null,
    due_at: null,
    children_waiting: null,
    stalled: null,
    cost: 0.4815,
    cost_exact: '0.481453125',
    fileCount: 24,
    totalSize: 218_103_808,
    createdAt: null,
    completedAt: null,
    thumbnailKey: null,
    error: null,
    ...fields,
  };
}

const NO_JOBS = {
  ...{ all: 0, pending: 0, processing: 0, completed: 0, failed: 0 },
  ...{ skipped: 0, unknown: 0 },
};

export function jobsDocument(
  jobs: readonly JobDocument[],
  { total = jobs.length, offset = 0 }: { total?: number; offset?: number } = {},
): JobsDocument {
  return {
    user_id: null,
    jobs: [...jobs],
    total,
    limit: 100,
    offset,
    counts: { ...NO_JOBS, all: total },
    read: 'scan',
    worker_connected: true,
    workers: 4,
    problems: [],
    notes: [],
  };
}

export function shownJob(fields: Partial<ShownJobDocument>): ShownJobDocument {
  return {
    ...jobDocument(1),
    name: 'process',
    data: {},
    files: null,
    options: { attempts: 3 },
    attempts_made: 1,
    waited_seconds: 110,
    ran_seconds: 4800,
    progress_detail: null,
    stacktrace: [],
    return_value: null,
    worker_connected: null,
    artifacts: null,
    billing: null,
    failedReason: null,
    returnvalue: null,
    problems: [],
    notes: [],
    explain: [],
    ...fields,
  };
}
