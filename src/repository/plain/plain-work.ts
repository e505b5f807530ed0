/** Files that are written, or synced, at once: their waits for the disk overlap. */
const MOST_TASKS = 16;
/** So much may wait for the disk before the producer has to wait as well. */
const MOST_PENDING_BYTES = 6 * 1024 * 1024;

/** Does many things at once, within limits. A failure rejects every later call. */
export class BoundedWork {
  #tasks = 0;
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #failure: { error: unknown } | undefined;

  /** Begins a task at once, whose weight is about the bytes that it holds in memory. */
  begin(weightBytes: number, task: () => Promise<void>): void {
    this.#tasks += 1;
    this.#pendingBytes += weightBytes;
    void this.#run(weightBytes, task);
  }

  /** Resolves when there is room for more. */
  async ready(): Promise<void> {
    while (this.#tasks >= MOST_TASKS || this.#pendingBytes > MOST_PENDING_BYTES) {
      await this.#change();
    }
    this.#throwFailure();
  }

  /** Resolves when everything begun so far is done. */
  async drained(): Promise<void> {
    await this.settled();
    this.#throwFailure();
  }

  /** Resolves when nothing is being done any more, whatever became of it. */
  async settled(): Promise<void> {
    while (this.#tasks > 0) await this.#change();
  }

  async #run(weightBytes: number, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#tasks -= 1;
      this.#pendingBytes -= weightBytes;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
