import { countOf } from '../count-of.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import type { Retention } from '../object-store/port.js';
import type { Clock, Destination } from '../repository/destination.js';
import type { DestinationLocks, LockProof, Unprotected } from '../repository/locks.js';
import type { LockRecord } from '../repository/summary.js';

/** How the files of a backup are locked. */
export interface LockOptions {
  mode: Retention['mode'];
  days: number;
  /** What an earlier run has proved about the locks of this server and bucket. */
  proof: LockProof | undefined;
  /** Remembers what this run has proved. */
  onProved: (proof: LockProof) => Promise<void>;
}

const DAY_MS = 86_400_000;
/** The `Date` of an answer has a resolution of a second, and answers take a while. */
const CLOCK_TOLERANCE_MS = 60_000;

interface Parts {
  destination: Destination;
  clock: Clock;
  warn: (line: string) => void;
}

/** The locks of a backup that is being made, at a destination that has proved to keep locks. */
export class Protection {
  readonly #locks: DestinationLocks;
  readonly #options: LockOptions;
  readonly #clock: Clock;
  readonly #notices: readonly string[];

  private constructor(
    locks: DestinationLocks,
    options: LockOptions,
    clock: Clock,
    notices: readonly string[],
  ) {
    this.#locks = locks;
    this.#options = options;
    this.#clock = clock;
    this.#notices = notices;
  }

  /**
   * Rejects with `usage` if the destination is a folder, and with `refused` if its server does not keep
   * locks, or its bucket would lock the files of the run's own lock. Call it before the first write.
   */
  static async prepare(
    { destination, clock, warn }: Parts,
    options: LockOptions,
  ): Promise<Protection> {
    const { locks } = destination;
    if (locks === undefined) {
      throw new MangamotionError('usage', `${destination.location} is a folder, and has no locks`, {
        hint: 'Leave out --lock and --lock-days, or back up to an s3:// destination.',
      });
    }
    await locks.check();
    await locks.clearProofs();
    let { proof } = options;
    if (proof === undefined) {
      proof = await locks.prove(options.mode, clock.now());
      await options.onProved(proof);
    }
    const notices = [...clockNotices(locks.clockAheadMs()), ...proofNotices(proof)];
    for (const notice of notices) warn(notice);
    return new Protection(locks, options, clock, notices);
  }

  retentionOf(createdAt: Date): Retention {
    const until = new Date(createdAt.getTime() + this.#options.days * DAY_MS);
    return { mode: this.#options.mode, until: until.toISOString() };
  }

  /** Extends the locks of the archives that a new backup refers to, and says what is not protected. */
  async extend(
    createdAt: Date,
    references: readonly string[],
  ): Promise<{ lock: LockRecord; notices: readonly string[]; unprotected: Unprotected[] }> {
    const retention = this.retentionOf(createdAt);
    const sleep = (ms: number): Promise<void> => this.#clock.sleep(ms);
    const unprotected = await this.#locks.extend(references, retention, sleep);
    return { lock: { ...retention, unprotected: 0 }, notices: this.#notices, unprotected };
  }

  /** Removes the object of the proof if its lock is over; otherwise the next run does. */
  async end(): Promise<void> {
    if (this.#options.proof !== undefined) return;
    await this.#locks.clearProofs().catch((error: unknown) => {
      if (!isMangamotionError(error)) throw error;
    });
  }
}

function clockNotices(aheadMs: number | undefined): string[] {
  if (aheadMs === undefined || Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return [];
  const by = countOf(Math.round(Math.abs(aheadMs) / 60_000), 'minute');
  const what = aheadMs > 0 ? `ahead, so locks end ${by} early` : `behind, so locks end ${by} late`;
  return [`the clock of the destination's server is ${by} ${what}`];
}

function proofNotices(proof: LockProof): string[] {
  if (proof === 'resists') return [];
  return [
    'the server shows the locks, but it is not proved that it keeps them: these keys may delete no version at all',
  ];
}
