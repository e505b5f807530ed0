import { clientGroup } from './client-group.js';

const WINDOW_MS = 60_000;
const MOST_FAILURES = 10;
/** Groups of addresses that are remembered; an attacker may have more, but then each has few attempts. */
const MOST_GROUPS = 10_000;

interface Failures {
  count: number;
  endsAtMs: number;
}

/** Counts failed logins of each address, or /64 of IPv6: after ten within a minute, it has to wait. */
export class FailedLogins {
  readonly #now: () => Date;
  readonly #byGroup = new Map<string, Failures>();

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
    const [oldest] = this.#byGroup.keys();
    if (this.#byGroup.size >= MOST_GROUPS && oldest !== undefined) this.#byGroup.delete(oldest);
    const endsAtMs = this.#now().getTime() + WINDOW_MS;
    this.#byGroup.set(clientGroup(address), { count: 1, endsAtMs });
  }

  #current(address: string): Failures | undefined {
    const group = clientGroup(address);
    const failures = this.#byGroup.get(group);
    const leftMs = failures === undefined ? 0 : failures.endsAtMs - this.#now().getTime();
    if (leftMs > 0 && leftMs <= WINDOW_MS) return failures;
    this.#byGroup.delete(group);
    return undefined;
  }
}
