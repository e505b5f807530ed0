import type { JobRecord } from '../job-record.js';
import { listJobs, withRecords } from './list.js';
import { newestFirst } from './newest-jobs.js';
import type { JobFilter, JobRow } from './row.js';
import { matches, rowOfJob, rowOfRecord } from './row.js';
import type { JobSources } from './sources.js';

/** How a job has changed since it was last read. */
export interface JobChange {
  kind: 'initial' | 'added' | 'changed' | 'removed';
  row: JobRow;
}

/** The most jobs that are remembered after they have left the queue. */
const MOST_ENDED = 1000;

/**
 * Watches jobs for changes. All billing records are read once, for the jobs that ended before; after that
 * the queue is read, and the record of each job that leaves it.
 */
export class JobWatch {
  #sources: JobSources;
  readonly #filter: JobFilter;
  readonly #signal: AbortSignal;
  readonly #rows = new Map<string, JobRow>();
  #live = new Set<string>();

  constructor(sources: JobSources, filter: JobFilter, signal: AbortSignal) {
    this.#sources = sources;
    this.#filter = filter;
    this.#signal = signal;
  }

  /** Replaces the sources after the connection was lost. What is known stays. */
  use(sources: JobSources): void {
    this.#sources = sources;
  }

  /** The rows that the filter selects, newest first. */
  get rows(): JobRow[] {
    return [...this.#rows.values()].filter((row) => this.#isSelected(row)).sort(newestFirst);
  }

  async begin(): Promise<JobChange[]> {
    const list = await listJobs(this.#sources, {
      ...this.#filter,
      ...{ limit: MOST_ENDED, offset: 0, signal: this.#signal },
      onProgress: () => undefined,
    });
    for (const row of list.rows) this.#rows.set(row.id, row);
    await this.refresh([]);
    return this.rows.map((row) => ({ kind: 'initial', row }));
  }

  /** Reads the queue again. `touched` are the jobs for which there were events. */
  async refresh(touched: Iterable<string>): Promise<JobChange[]> {
    const { queue } = this.#sources;
    const ids = await queue.ids();
    const found = new Map<string, JobRow>();
    const { userId } = this.#filter;
    for await (const page of queue.read(ids)) {
      this.#signal.throwIfAborted();
      for (const job of page) {
        const before = this.#rows.get(job.id);
        const isUnrelated =
          userId !== undefined && job.userId !== userId && before?.userId !== userId;
        if (!isUnrelated) found.set(job.id, rowOfJob(job, before?.record));
      }
    }
    const left = [...new Set([...this.#live, ...touched])].filter((id) => !ids.has(id));
    for (const row of await this.#ended(left)) found.set(row.id, row);
    const changes = [...found.values()].flatMap((row) => this.#changeTo(row));
    for (const id of left) {
      // Its record may follow in a moment: the worker writes it after the end.
      if (!found.has(id) && this.#live.has(id)) changes.push(...this.#remove(id));
    }
    this.#live = new Set([...found.keys()].filter((id) => ids.has(id)));
    this.#forget();
    return changes;
  }

  /** Resolves to the rows of jobs that have left the queue and have a record. */
  async #ended(ids: readonly string[]): Promise<JobRow[]> {
    const { records, queue } = this.#sources;
    if (records === undefined) return [];
    const read = await records.read(ids);
    return read.flatMap((record) => {
      if (record === undefined) return [];
      return [rowAfter(this.#rows.get(record.jobId), record, queue.name)];
    });
  }

  #changeTo(row: JobRow): JobChange[] {
    const before = this.#rows.get(row.id);
    this.#rows.set(row.id, row);
    const [was, is] = [before !== undefined && this.#isSelected(before), this.#isSelected(row)];
    if (!is) return was ? [{ kind: 'removed', row }] : [];
    if (before === undefined || !was) return [{ kind: 'added', row }];
    return isSame(before, row) ? [] : [{ kind: 'changed', row }];
  }

  #remove(id: string): JobChange[] {
    const row = this.#rows.get(id);
    this.#rows.delete(id);
    return row !== undefined && this.#isSelected(row) ? [{ kind: 'removed', row }] : [];
  }

  #isSelected(row: JobRow): boolean {
    return matches(this.#filter, row);
  }

  #forget(): void {
    const ended = [...this.#rows.values()].filter(({ id }) => !this.#live.has(id));
    for (const { id } of ended.sort(newestFirst).slice(MOST_ENDED)) this.#rows.delete(id);
  }
}

/** Returns the row of a job that has left the queue, in which it was `before`. */
export function rowAfter(before: JobRow | undefined, record: JobRecord, queue: string): JobRow {
  const row = rowOfRecord(queue, record);
  if (before?.job === undefined) return row;
  // The queue knew more of it than the record does.
  const { createdAt, startedAt, fileCount, sortTimeMs } = before;
  return { ...row, createdAt, startedAt, fileCount, sortTimeMs: sortTimeMs ?? row.sortTimeMs };
}

/** Resolves to the rows with their current billing records. */
export async function priced(rows: readonly JobRow[], sources: JobSources): Promise<JobRow[]> {
  const { records } = sources;
  return records === undefined ? [...rows] : await withRecords(rows, records);
}

function isSame(a: JobRow, b: JobRow): boolean {
  return (
    a.status === b.status &&
    a.state === b.state &&
    a.progress === b.progress &&
    a.failedReason === b.failedReason &&
    a.job?.attemptsMade === b.job?.attemptsMade &&
    JSON.stringify(a.job?.progressDetail) === JSON.stringify(b.job?.progressDetail)
  );
}
