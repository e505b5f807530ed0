import type { Job } from 'bullmq';
import { messageOf } from '../../errors.js';

export interface ReportOptions {
  everyMs: number;
  /** The job does not exist any more. */
  onGone: () => void;
}

/** Reports on a job every so many ms, as long as the one who works on it reports. */
export class ProgressReports {
  readonly #job: Job;
  readonly #worker: string;
  readonly #options: ReportOptions;
  readonly #begunMs = performance.now();
  #counts = { objects: 0, bytes: 0 };
  #report = 0;
  #sentMs = -Infinity;
  #isSending = false;
  #isStopped = false;

  constructor(job: Job, worker: string, options: ReportOptions) {
    this.#job = job;
    this.#worker = worker;
    this.#options = options;
    this.#send();
  }

  get elapsedMs(): number {
    return performance.now() - this.#begunMs;
  }

  /** Stores the counts, and sends them where it is time. */
  update(counts: { objects: number; bytes: number }): void {
    this.#counts = counts;
    if (performance.now() - this.#sentMs >= this.#options.everyMs) this.#send();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #send(): void {
    // Without Redis a report waits for it; others would pile up behind it.
    if (this.#isSending || this.#isStopped) return;
    this.#isSending = true;
    this.#sentMs = performance.now();
    this.#report += 1;
    const { objects, bytes } = this.#counts;
    const elapsed = Math.round(this.elapsedMs);
    this.#job
      .updateProgress({
        ...{ report: this.#report, worker: this.#worker },
        ...{ objects, bytes, elapsed_ms: elapsed },
      })
      .catch((error: unknown) => {
        if (messageOf(error).includes('Missing key for job')) this.#options.onGone();
      })
      .finally(() => (this.#isSending = false));
  }
}
