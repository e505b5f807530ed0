import { isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import type { Destination } from '../destination.js';
import type { FileLock } from '../locks.js';
import type { Summary } from '../summary.js';

const ASKED_AT_ONCE = 8;

/**
 * Tells which expired backups are still locked. A backup is asked about only once; where its own
 * summary names a lock that has not ended, the server is not asked.
 */
export class LockedBackups {
  readonly #destination: Destination;
  readonly #now: Date;
  readonly #untilOf = new Map<string, string | undefined>();
  #areEnabled: Promise<boolean | undefined> | undefined;

  constructor(destination: Destination, now: Date) {
    this.#destination = destination;
    this.#now = now;
  }

  /** When the locks end of those that were asked about and are locked; RFC 3339. */
  get until(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#untilOf].flatMap(([id, until]) => (until === undefined ? [] : [[id, until]])),
    );
  }

  /** Whether a server was asked that has object lock. */
  get areKnown(): Promise<boolean> {
    return Promise.resolve(this.#areEnabled).then((enabled) => enabled === true);
  }

  /** Resolves to whether any of the backups, or parts, had not been asked about. */
  async ask(
    backups: readonly Pick<Summary, 'id' | 'lock'>[],
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { locks } = this.#destination;
    const unknown = backups.filter(({ id }) => !this.#untilOf.has(id));
    if (locks === undefined || unknown.length === 0) return false;
    const enabled = await (this.#areEnabled ??= locks.areEnabled());
    await inParallel(ASKED_AT_ONCE, unknown, async ({ id, lock }) => {
      signal?.throwIfAborted();
      let until = enabled === false ? undefined : this.#later(lock?.until);
      if (enabled === true && until === undefined) {
        for (const { retention } of await locks.locksOf(id).catch(nothingIfDenied)) {
          until = this.#later(retention?.until, until);
        }
      }
      this.#untilOf.set(id, until);
    });
    return true;
  }

  /** Returns the later of the times that have not come; `undefined` if both have. */
  #later(...times: (string | undefined)[]): string | undefined {
    const aheadMs = this.#destination.locks?.clockAheadMs() ?? 0;
    const nowMs = this.#now.getTime() + aheadMs;
    return times
      .filter((time) => time !== undefined)
      .filter((time) => Date.parse(time) > nowMs)
      .sort((a, b) => Date.parse(b) - Date.parse(a))[0];
  }
}

/** What is locked all the same is only hidden by its removal, as before there were locks. */
function nothingIfDenied(error: unknown): FileLock[] {
  if (isMangamotionError(error, 'access_denied')) return [];
  throw error;
}
