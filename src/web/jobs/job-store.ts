import { signal } from '@preact/signals';
import { ApiFailure, getDocument } from '../data/api.js';
import { reactionTo } from '../data/decisions.js';
import type { JobDocument, JobsDocument } from '../data/documents.js';
import { endSession } from '../data/session.js';
import { addressText } from '../routing/addresses.js';
import {
  missingOffset,
  released,
  withBlock,
  withHead,
  withJob,
  without,
  type Counts,
  type JobFilter,
  type JobList,
} from './job-list.js';

const HEAD_ROWS = 100;
const BLOCK_ROWS = 200;
/** The most that the server gives at once. */
const LARGE_BLOCK_ROWS = 1000;
/** A search reads so many jobs; an id can be opened without. */
const MOST_SEARCHED = 20_000;
const BLOCK_AGAIN_MS = 5000;
/** A row that has changed fades for so long; see `.now` in page.css. */
const FADE_MS = 1600;

/** The jobs that a filter selects, as far as they were read, kept up to date by events. */
export class JobStore {
  readonly list = signal<JobList | undefined>(undefined);
  readonly counts = signal<Counts | undefined>(undefined);
  /** Whether the list is scrolled to its top. */
  isAtTop = true;
  readonly filter: JobFilter;
  readonly #changedAt = new Map<string, number>();
  #block: AbortController | undefined;

  constructor(filter: JobFilter) {
    this.filter = filter;
  }

  get headPath(): string {
    return this.#path(0, HEAD_ROWS);
  }

  takeHead(head: JobsDocument): void {
    this.list.value = withHead(this.list.peek(), head, this.isAtTop);
    this.counts.value = head.counts;
  }

  /** Returns whether the server should be asked again. */
  takeJob(job: JobDocument): boolean {
    const list = this.list.peek();
    const counts = this.counts.peek();
    if (list === undefined || counts === undefined) return false;
    const before = list.rows.find((row) => row?.id === job.id);
    if (before?.status !== job.status) this.#changedAt.set(job.id, Date.now());
    const changed = withJob({ list, counts }, job, this.filter, this.isAtTop);
    this.list.value = changed.list;
    this.counts.value = changed.counts;
    return changed.isUncertain;
  }

  remove(id: string): void {
    const list = this.list.peek();
    if (list !== undefined) this.list.value = without(list, id);
  }

  release(): void {
    const list = this.list.peek();
    if (list === undefined || list.waiting.length === 0) return;
    for (const { id } of list.waiting) this.#changedAt.set(id, Date.now());
    this.list.value = released(list);
  }

  hasJustChanged(id: string): boolean {
    return Date.now() - (this.#changedAt.get(id) ?? 0) < FADE_MS;
  }

  /** Reads what is missing among these rows, one block after the other. */
  see(first: number, end: number): void {
    void this.#read(() => {
      const list = this.list.peek();
      return list && missingOffset(list, first, end);
    }, BLOCK_ROWS);
  }

  /** Reads all jobs, for a search. */
  readAll(): void {
    void this.#read(() => {
      const list = this.list.peek();
      return list && missingOffset(list, 0, MOST_SEARCHED);
    }, LARGE_BLOCK_ROWS);
  }

  stop(): void {
    this.#block?.abort();
  }

  async #read(next: () => number | undefined, limit: number): Promise<void> {
    this.#block?.abort();
    const reading = new AbortController();
    this.#block = reading;
    let last: number | undefined;
    for (let offset = next(); offset !== undefined && offset !== last; offset = next()) {
      last = offset;
      try {
        const path = this.#path(offset, limit);
        const block = await getDocument<JobsDocument>(path, { signal: reading.signal });
        const list = this.list.peek();
        if (reading.signal.aborted || list === undefined) return;
        this.list.value = withBlock(list, block);
      } catch (error) {
        if (reading.signal.aborted || !(error instanceof ApiFailure)) return;
        const reaction = reactionTo(error.reason);
        if (reaction === 'login') endSession();
        if (reaction !== 'retry') return;
        await new Promise((resolve) => setTimeout(resolve, BLOCK_AGAIN_MS));
        if (reading.signal.aborted) return;
        last = undefined;
      }
    }
  }

  #path(offset: number, limit: number): string {
    const { status, userId } = this.filter;
    return addressText('/api/jobs', {
      user_id: userId,
      status,
      limit: String(limit),
      offset: String(offset),
    });
  }
}
