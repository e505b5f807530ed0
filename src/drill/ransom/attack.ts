import { randomBytes } from 'node:crypto';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import type { BypassOptions, Retention } from '../../object-store/port.js';
import type { BucketPlace } from '../../repository/backup-files.js';
import { contentOf } from '../../repository/s3/s3-upload-sink.js';
import { ATTACKS_AT_ONCE, MOST_NOISE_BYTES } from '../limits.js';
import { ATTACK_KINDS, type AttackKind } from '../attack-kinds.js';
import { isRefusal } from './refusals.js';

/** A file of the copy, in the version that was copied. */
export interface Target {
  name: string;
  key: string;
  versionId: string;
  sizeBytes: number;
  /** How the copy is locked; `null` if the real file is not. */
  lock: Retention | null;
}

interface AttackCount {
  kind: AttackKind;
  tried: number;
  refused: number;
  succeeded: number;
  /** Neither: the server failed, or answered with something else. */
  unclear: number;
}

export interface Attack {
  counts: AttackCount[];
  /** The names of the files whose copied version was deleted, as the server says, and how. */
  destroyed: Map<string, AttackKind>;
  /** Those whose lock was shortened or removed, as the server says, and how. */
  unlocked: Map<string, AttackKind>;
  /** What the first answer was that is neither a refusal nor a success. */
  unclear: string | undefined;
  /** Whether the keys may delete a version that is not locked; `undefined` if that is not known. */
  mayDelete: boolean | undefined;
}

/** An attacker is not patient. */
const ATTEMPTS = 2;
/** How far away the end is to which a lock is shortened. */
const SHORTENED_MS = 60_000;
const BYPASS = { bypassGovernance: true } as const;

/**
 * Does to the copies what somebody with these keys may do. The store of the place lets nothing happen
 * outside of it. Rejects only with the signal's reason and with errors of this program.
 */
export async function attackCopies(
  place: BucketPlace,
  targets: readonly Target[],
  { nowMs, onDone }: { nowMs: () => number; onDone: (targets: number) => void },
): Promise<Attack> {
  const attacker = new Attacker(place, nowMs);
  let done = 0;
  await inParallel(ATTACKS_AT_ONCE, targets, async (target) => {
    await attacker.attack(target);
    onDone((done += 1));
  });
  return attacker.result;
}

class Attacker {
  readonly result: Attack;
  readonly #place: BucketPlace;
  readonly #nowMs: () => number;

  constructor(place: BucketPlace, nowMs: () => number) {
    this.#place = place;
    this.#nowMs = nowMs;
    const none = { tried: 0, refused: 0, succeeded: 0, unclear: 0 };
    this.result = {
      counts: ATTACK_KINDS.map((kind) => ({ kind, ...none })),
      ...{ destroyed: new Map(), unlocked: new Map(), unclear: undefined, mayDelete: undefined },
    };
  }

  async attack(target: Target): Promise<void> {
    await this.#unlock(target);
    await this.#hide(target);
    await this.#destroy(target);
  }

  async #unlock({ name, key, versionId, lock }: Target): Promise<void> {
    if (lock === null) return;
    const { store, bucket } = this.#place;
    const leftMs = Date.parse(lock.until) - this.#nowMs();
    const until = new Date(this.#nowMs() + Math.min(SHORTENED_MS, leftMs / 2)).toISOString();
    const soon = { mode: 'GOVERNANCE', until } as const;
    const set = (retention: Retention | null, options: BypassOptions) =>
      store.putRetention(bucket, key, retention, { ...this.#options(), versionId, ...options });
    const ways: [AttackKind, Retention | null, BypassOptions][] = [
      ['end_lock', soon, {}],
      ['end_lock_bypass', soon, BYPASS],
      ['remove_lock', null, {}],
      ['remove_lock_bypass', null, BYPASS],
    ];
    for (const [kind, retention, options] of ways) {
      const answer = await this.#try(kind, name, () => set(retention, options));
      if (answer !== 'succeeded' || this.result.unlocked.has(name)) continue;
      this.result.unlocked.set(name, kind);
    }
  }

  /** Overwrites the file with noise, and puts a delete marker over that. */
  async #hide({ name, key, sizeBytes }: Target): Promise<void> {
    const { store, bucket } = this.#place;
    const noise = contentOf(randomBytes(Math.max(1, Math.min(sizeBytes, MOST_NOISE_BYTES))));
    const written: (string | null)[] = [];
    await this.#try('overwrite', name, async () => {
      const { versionId } = await store.putObject(bucket, key, noise, this.#options());
      written.push(versionId);
    });
    const [versionId = null] = written;
    if (this.result.mayDelete === undefined && versionId !== null) {
      await this.#learnWhetherKeysDelete({ key, versionId });
    }
    await this.#try('delete', name, () => store.deleteObject(bucket, key, this.#options()));
  }

  /** The noise is not locked: that a lock resists says more if this does not. */
  async #learnWhetherKeysDelete(version: { key: string; versionId: string }): Promise<void> {
    const { store, bucket } = this.#place;
    try {
      await store.deleteVersion(bucket, version, this.#options());
      this.result.mayDelete = true;
    } catch (error) {
      this.#place.signal.throwIfAborted();
      if (!isMangamotionError(error)) throw error;
      if (isRefusal('delete_version', error)) this.result.mayDelete = false;
    }
    await store
      .putObject(bucket, version.key, contentOf(randomBytes(1)), this.#options())
      .catch(() => undefined);
  }

  async #destroy({ name, key, versionId }: Target): Promise<void> {
    const { store, bucket } = this.#place;
    const version = { key, versionId };
    const options = this.#options();
    const ways: [AttackKind, () => Promise<void>][] = [
      ['delete_version', () => store.deleteVersion(bucket, version, options)],
      ['delete_in_bulk', () => store.deleteVersionInBulk(bucket, version, options)],
      [
        'delete_version_bypass',
        () => store.deleteVersion(bucket, version, { ...options, ...BYPASS }),
      ],
      [
        'delete_in_bulk_bypass',
        () => store.deleteVersionInBulk(bucket, version, { ...options, ...BYPASS }),
      ],
    ];
    for (const [kind, work] of ways) {
      if ((await this.#try(kind, name, work)) !== 'succeeded') continue;
      // To delete what is gone succeeds, and says nothing.
      this.result.destroyed.set(name, kind);
      return;
    }
  }

  async #try(
    kind: AttackKind,
    name: string,
    work: () => Promise<unknown>,
  ): Promise<'succeeded' | 'refused' | 'unclear'> {
    const count = this.result.counts.find((one) => one.kind === kind);
    if (count === undefined) throw new MangamotionError('internal', `no attack ${kind}`);
    this.#place.signal.throwIfAborted();
    count.tried += 1;
    try {
      await work();
      count.succeeded += 1;
      return 'succeeded';
    } catch (error) {
      this.#place.signal.throwIfAborted();
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      if (isRefusal(kind, error)) {
        count.refused += 1;
        return 'refused';
      }
      count.unclear += 1;
      this.result.unclear ??= `${kind} of ${name}: ${error.message}`;
      return 'unclear';
    }
  }

  #options(): { signal: AbortSignal; attempts: number } {
    return { signal: this.#place.signal, attempts: ATTEMPTS };
  }
}
