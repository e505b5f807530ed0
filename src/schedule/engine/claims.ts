import type { DaemonLog } from '../log.js';
import { unrunRecord } from '../run/firing-record.js';
import type { RunRecord } from '../state/record.js';
import { LATE_MS } from './due.js';
import type { QueuedFiring } from './queue.js';
import { pendingOf } from './queue.js';

/** The result of a claim, where several daemons share a schedule. */
export type Claim = { kind: 'ours' | 'unavailable' } | { kind: 'taken'; by: string };

/** Lets one of several daemons run each firing. */
export interface Lease {
  /** Claims the firing of an entry that was due at this time. Never rejects. */
  claim(name: string, dueMs: number): Promise<Claim>;
}

/** `run`: the firing is ours. `record`: it will not run here. `retry`: claim it again at that time. */
export type ClaimOutcome =
  { kind: 'run' } | { kind: 'record'; record: RunRecord } | { kind: 'retry'; atMs: number };

const CLAIM_AGAIN_MS = 5_000;

/** Claims each firing before it runs, and decides what happens to one that cannot be claimed. */
export class Claims {
  readonly #lease: Lease | undefined;
  readonly #log: DaemonLog;
  #isReachable = true;

  constructor(lease: Lease | undefined, log: DaemonLog) {
    this.#lease = lease;
    this.#log = log;
  }

  /** False while runs wait because Redis, which holds the claims, cannot be reached. */
  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** An operator asked for a manual run of this daemon, so that it needs no claim. */
  async claim(firing: QueuedFiring, now: () => Date): Promise<ClaimOutcome> {
    if (this.#lease === undefined || firing.trigger === 'manual') return { kind: 'run' };
    const claim = await this.#lease.claim(firing.entry.name, firing.dueMs);
    if (claim.kind === 'unavailable') return this.#unavailable(firing, now().getTime());
    this.#isReachable = true;
    if (claim.kind !== 'taken') return { kind: 'run' };
    const reason = `${claim.by} runs it`;
    return { kind: 'record', record: unrunRecord(pendingOf(firing), 'skipped', reason) };
  }

  #unavailable(firing: QueuedFiring, nowMs: number): ClaimOutcome {
    if (this.#isReachable)
      this.#log.error({}, 'Redis cannot be reached: no run starts until it can');
    this.#isReachable = false;
    if (firing.entry.catchup === 'none' && nowMs - firing.dueMs > LATE_MS) {
      const reason = 'Redis could not be reached';
      return { kind: 'record', record: unrunRecord(pendingOf(firing), 'missed', reason) };
    }
    return { kind: 'retry', atMs: nowMs + CLAIM_AGAIN_MS };
  }
}
