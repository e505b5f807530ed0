/** From SIGTERM to SIGKILL. */
const KILL_AFTER_MS = 10_000;

/** Ends a process group with SIGTERM, and some seconds later with SIGKILL. */
export class ProcessGroup {
  readonly #pid: number | undefined;
  readonly #killAfterMs: number;
  #endReason: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** `pid` is that of the first process, which leads the group; `undefined` if it did not start. */
  constructor(pid: number | undefined, killAfterMs = KILL_AFTER_MS) {
    this.#pid = pid;
    this.#killAfterMs = killAfterMs;
  }

  /** Why the group was ended; `null` where it was not. */
  get endReason(): string | null {
    return this.#endReason;
  }

  end(reason: string): void {
    if (this.#endReason !== null || this.#pid === undefined) return;
    const pid = this.#pid;
    this.#endReason = reason;
    signalGroup(pid, 'SIGTERM');
    this.#timer = setTimeout(() => {
      this.#endReason = `${reason}, and did not end when it was signalled`;
      signalGroup(pid, 'SIGKILL');
    }, this.#killAfterMs);
  }

  /** Call this when the first process has ended. */
  hasEnded(): void {
    clearTimeout(this.#timer);
  }
}

/** Sends a signal to all processes of a group; 0 sends none. Returns false where none is left. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}
