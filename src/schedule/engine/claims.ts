import type { DaemonLog } from '../log.js';
import type { PendingFiring } from '../state/record.js';

/** Claims firings where several daemons share a schedule, so that one of them runs each firing. */
export interface Lease {
  /** Claims the firing of an entry that was due at this time. Never rejects. */
  claim(name: string, dueMs: number): Promise<Claim>;
}

export type Claim = { kind: 'ours' | 'unavailable' } | { kind: 'taken'; by: string };

/** What the log and the probes report while no firing can be claimed. */
export const NO_REDIS = 'Redis cannot be reached: no run starts until it can';

/** Claims the firings of this daemon, and reports once when that becomes impossible. */
export class Claims {
  readonly #lease: Lease | undefined;
  readonly #log: DaemonLog;
  #areAvailable = true;

  /** `lease` is `undefined` where no other daemon shares the schedule. */
  constructor(lease: Lease | undefined, log: DaemonLog) {
    this.#lease = lease;
    this.#log = log;
  }

  /** False while Redis, which holds the claims, cannot be reached. */
  get areAvailable(): boolean {
    return this.#areAvailable;
  }

  /** Never rejects. An operator requested a manual run of this daemon, so that it needs no claim. */
  async claim({ name, due_at, trigger }: PendingFiring): Promise<Claim> {
    if (this.#lease === undefined || trigger === 'manual') return { kind: 'ours' };
    const claim = await this.#lease.claim(name, Date.parse(due_at));
    const isReachable = claim.kind !== 'unavailable';
    if (this.#areAvailable && !isReachable) this.#log.error({}, NO_REDIS);
    this.#areAvailable = isReachable;
    return claim;
  }
}
