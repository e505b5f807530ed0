import { jobKey } from '../../billing/keys.js';
import { listJobs } from '../../jobs/list.js';
import { seenWorkers } from '../../jobs/queue/workers.js';
import type { JobFilter } from '../../jobs/row.js';
import type { JobAccess } from '../../reports/jobs/access.js';
import { listed } from '../../reports/jobs/documents.js';
import { LISTED_STATUSES } from '../../reports/jobs/filter.js';
import { notesOf, problemsOf } from '../../reports/jobs/remarks.js';
import { findResults } from '../../reports/jobs/results.js';
import type { StoreAccess } from '../../reports/jobs/store-access.js';
import { jobDocument } from './job-document.js';

export interface ListRequest extends JobFilter {
  limit: number;
  offset: number;
  signal: AbortSignal;
  /** Looks up the results of completed jobs. */
  files: boolean;
  /** Whether problems with jobs of other users are told too. */
  tellsAll: boolean;
}

/** Resolves to the document of `jobs list`, with counts, workers and the names of dashboards. */
export async function listDocument(access: JobAccess, store: StoreAccess, request: ListRequest) {
  const { userId, limit, offset, files, tellsAll } = request;
  const list = await listJobs(access.sources, { ...request, onProgress: () => undefined });
  const rows = listed(list.rows, access);
  const lookup = files ? await findResults(store, rows) : undefined;
  const workers = await seenWorkers(access.redis, access.queue);
  const own = new Set(rows.map(({ id }) => jobKey(id)));
  const ofRecords = access.problems.filter(({ key }) => tellsAll || own.has(key));
  const unread = tellsAll && userId !== undefined ? [...access.unread] : [];
  return {
    user_id: userId ?? null,
    jobs: rows.map((row) => jobDocument(row, store.config)),
    ...{ total: list.total, limit, offset },
    counts: countsIn(list.counts),
    read: list.read,
    worker_connected: access.waiting() === 0 ? null : isConnected(workers),
    workers: workers?.isSure === true ? workers.count : null,
    problems: [
      ...problemsOf(ofRecords, rows, unread),
      ...(lookup?.failure === undefined ? [] : ['results were not looked up']),
    ],
    notes: notesOf(rows),
  };
}

type Workers = Awaited<ReturnType<typeof seenWorkers>>;

function isConnected(workers: Workers): boolean | null {
  if (workers === undefined) return null;
  if (workers.count > 0) return true;
  return workers.isSure ? false : null;
}

function countsIn(counts: ReadonlyMap<string, number>) {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const byStatus = LISTED_STATUSES.map((status) => [status, counts.get(status) ?? 0] as const);
  return { all, ...Object.fromEntries(byStatus) };
}
