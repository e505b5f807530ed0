import type { Decimal } from '../../billing/money.js';
import { roundedMoney } from '../../billing/money.js';
import type { JobRow } from '../../jobs/row.js';

/** A row with what it costs and what has become of its files. */
export interface ListedJob extends JobRow {
  /** Bytes that were billed; `null` where nothing is recorded. */
  sizeBytes: bigint | null;
  /** Exact US dollars. */
  cost: Decimal | null;
  /** The result in the object store: `undefined` where it was not looked for. */
  result: FoundResult | null | undefined;
}

export interface FoundResult {
  bucket: string;
  key: string;
  sizeBytes: number;
}

/** The rows with what their records say of size and cost. */
export function listed(
  rows: readonly JobRow[],
  { priceOf }: { priceOf: (row: JobRow) => Pick<ListedJob, 'sizeBytes' | 'cost'> },
): ListedJob[] {
  return rows.map((row) => ({ ...row, ...priceOf(row), result: undefined }));
}

/** A job in JSON. Times are RFC 3339, bytes integers, the cost US dollars. */
export function jobJson(job: ListedJob) {
  return {
    id: job.id,
    queue: job.queue,
    source: job.source,
    status: job.status,
    state: job.state,
    user_id: job.userId,
    progress: job.progress,
    file_count: job.fileCount,
    size_bytes: job.sizeBytes,
    created_at: job.createdAt?.toISOString() ?? null,
    started_at: job.startedAt?.toISOString() ?? null,
    finished_at: job.finishedAt?.toISOString() ?? null,
    failed_reason: job.failedReason,
    due_at: job.job?.dueAt?.toISOString() ?? null,
    children_waiting: job.job?.childrenWaiting ?? null,
    stalled: job.job?.stalled ?? null,
    cost: job.cost === null ? null : roundedMoney(job.cost),
    cost_exact: job.cost?.toString() ?? null,
    ...(job.result !== undefined && {
      result: job.result && {
        bucket: job.result.bucket,
        key: job.result.key,
        size_bytes: job.result.sizeBytes,
      },
    }),
  };
}

const LONGEST_ID = 40;

/** Cut in the middle where it is long: ids often differ at their ends. */
export function shortId(id: string): string {
  if (id.length <= LONGEST_ID) return id;
  const half = Math.floor((LONGEST_ID - 1) / 2);
  return `${id.slice(0, half).toWellFormed()}…${id.slice(-half).toWellFormed()}`;
}
