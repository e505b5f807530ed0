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
const BLOCK_ROWS = 250;
/** Read before they are looked at. */
const AHEAD_ROWS = 60;
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
  #wanted = { first: 0, end: 0 };
  #reading: AbortController | undefined;

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
    const isOther = list.rows.find((row) => row?.id === job.id)?.status !== job.status;
    if (isOther) this.#changedAt.set(job.id, Date.now());
    const changed = withJob({ list, counts }, job, this.filter, this.isAtTop);
    this.list.value = changed.list;
    this.counts.value = changed.counts;
    // What is counted besides jobs, such as workers, may have changed with it.
    return isOther || changed.isUncertain;
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

  /** These rows are looked at: those that are missing are read, with some more below. */
  see(first: number, end: number): void {
    this.#wanted = { first, end: end + AHEAD_ROWS };
    void this.#read();
  }

  stop(): void {
    this.#reading?.abort();
    this.#reading = undefined;
  }

  /** Reads one block after the other, each where somebody looks by then. */
  async #read(): Promise<void> {
    if (this.#reading !== undefined) return;
    const reading = new AbortController();
    this.#reading = reading;
    const { signal: isOver } = reading;
    for (let path = this.#nextPath(); path !== undefined; path = this.#nextPath()) {
      try {
        const block = await getDocument<JobsDocument>(path, { signal: isOver });
        const list = this.list.peek();
        if (isOver.aborted || list === undefined) return;
        this.list.value = withBlock(list, block);
        // Otherwise it would be asked for again at once.
        if (block.jobs.length === 0) break;
      } catch (error) {
        if (isOver.aborted || !(error instanceof ApiFailure)) return;
        const reaction = reactionTo(error.reason);
        if (reaction === 'login') endSession();
        if (reaction !== 'retry') break;
        await new Promise((resolve) => setTimeout(resolve, BLOCK_AGAIN_MS));
        // It may have been stopped meanwhile.
        if (this.#reading !== reading) return;
      }
    }
    this.#reading = undefined;
  }

  #nextPath(): string | undefined {
    const list = this.list.peek();
    const { first, end } = this.#wanted;
    const offset = list && missingOffset(list, first, end);
    return offset === undefined ? undefined : this.#path(offset, BLOCK_ROWS);
  }

  #path(offset: number, limit: number): string {
    const { status, userId, id } = this.filter;
    return addressText('/api/jobs', {
      user_id: userId,
      status,
      id,
      limit: String(limit),
      offset: String(offset),
    });
  }
}
