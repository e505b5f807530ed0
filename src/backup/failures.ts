import type { MangamotionError } from '../errors.js';
import type { Failure, Loss } from '../repository/summary.js';

/** Collects what a summary reports as missing, in bounded memory. Pure. */

/** The most failures that are named; further ones are only counted. */
const MAX_FAILURES = 10_000;
const MAX_KEYS = 10;

function requestOf({ request }: MangamotionError): Partial<Failure> {
  if (request === undefined) return {};
  const { operation, status, code } = request;
  return {
    operation,
    ...(status === null ? {} : { status }),
    ...(code === '' ? {} : { code }),
  };
}

/** Returns the failure of an object, or of a bucket if the key is empty, for the summary. */
export function failureOf(
  { bucket, key }: { bucket: string; key: string },
  error: MangamotionError,
  more: Partial<Failure> = {},
): Failure {
  return { bucket, key, ...requestOf(error), reason: error.message, ...more };
}

export class Failures {
  readonly named: Failure[] = [];
  omitted = 0;
  /** Whether something is missing that an older backup of the line holds, or may hold. */
  leavesGap = false;

  get any(): boolean {
    return this.named.length > 0;
  }

  /** `gap`: an older backup may hold what is missing, and it was not taken over. */
  add(failure: Failure, gap: boolean): void {
    this.leavesGap ||= gap;
    if (this.named.length < MAX_FAILURES) this.named.push(failure);
    else this.omitted += 1;
  }
}

/** Counts missing attributes of objects by bucket and kind. */
export class Losses {
  readonly #found = new Map<string, Loss>();

  add(bucket: string, what: string, key: string | undefined, reason: string): void {
    const name = JSON.stringify([bucket, what]);
    const loss = this.#found.get(name) ?? { bucket, what, count: 0, keys: [], reason };
    loss.count += 1;
    if (key !== undefined && loss.keys.length < MAX_KEYS) loss.keys.push(key);
    this.#found.set(name, loss);
  }

  /** Adds the losses of an earlier backup, which are shared by objects taken over from it. */
  inherit(losses: readonly Loss[]): void {
    for (const loss of losses) {
      this.#found.set(JSON.stringify([loss.bucket, loss.what]), { ...loss, keys: [...loss.keys] });
    }
  }

  /** Adds the losses that were found in another range of keys. */
  merge(losses: readonly Loss[]): void {
    for (const loss of losses) {
      const name = JSON.stringify([loss.bucket, loss.what]);
      const known = this.#found.get(name) ?? { ...loss, count: 0, keys: [] };
      known.count += loss.count;
      known.keys.push(...loss.keys.slice(0, MAX_KEYS - known.keys.length));
      this.#found.set(name, known);
    }
  }

  all(): Loss[] {
    return [...this.#found.values()];
  }
}
