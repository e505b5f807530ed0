const WINDOW_MS = 60_000;
const MOST_FAILURES = 10;
/** Addresses that are remembered; an attacker may have more, but then each has few attempts. */
const MOST_ADDRESSES = 10_000;

interface Failures {
  count: number;
  endsAtMs: number;
}

/** Counts failed logins of each address: after ten within a minute, the address has to wait. */
export class FailedLogins {
  readonly #now: () => Date;
  readonly #byAddress = new Map<string, Failures>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Returns for how many seconds the address has to wait; 0 if it may try. */
  waitSeconds(address: string): number {
    const failures = this.#current(address);
    if (failures === undefined || failures.count < MOST_FAILURES) return 0;
    return Math.ceil((failures.endsAtMs - this.#now().getTime()) / 1000);
  }

  count(address: string): void {
    const failures = this.#current(address);
    if (failures !== undefined) {
      failures.count += 1;
      return;
    }
    const [oldest] = this.#byAddress.keys();
    if (this.#byAddress.size >= MOST_ADDRESSES && oldest !== undefined)
      this.#byAddress.delete(oldest);
    this.#byAddress.set(address, { count: 1, endsAtMs: this.#now().getTime() + WINDOW_MS });
  }

  #current(address: string): Failures | undefined {
    const failures = this.#byAddress.get(address);
    const leftMs = failures === undefined ? 0 : failures.endsAtMs - this.#now().getTime();
    if (leftMs > 0 && leftMs <= WINDOW_MS) return failures;
    this.#byAddress.delete(address);
    return undefined;
  }
}
