import type { WorkProgress } from '../../progress.js';
import type { CopyReport } from './copy-report.js';

/** Counts bytes for the report and the progress. */
export class CopyCounter {
  readonly report: CopyReport;
  doneBytes = 0;
  readonly #progress: WorkProgress;

  constructor(report: CopyReport, progress: WorkProgress) {
    this.report = report;
    this.#progress = progress;
  }

  /** Bytes that went through this host, and were not copied. */
  read(count: number): void {
    this.report.streamed_bytes += count;
  }

  /** Bytes that were copied through this host. */
  streamed(count: number): void {
    this.read(count);
    this.advance(count);
  }

  advance(count: number): void {
    this.doneBytes += count;
    this.#progress.update({ bytes: this.doneBytes });
  }
}
