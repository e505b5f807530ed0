import { type MangamotionError, isMangamotionError } from '../../../errors.js';
import type { RequestOptions, Retention } from '../../../object-store/port.js';
import { isUnexpectedAnswer } from '../../../object-store/store-errors.js';
import type { PlaceRequests } from '../place-requests.js';

/** The waits between the attempts. Some servers refuse to extend a lock right after the PUT. */
const WAITS_MS = [250, 1000, 3000];
/** Servers keep the end of a retention to the second. */
const TOLERANCE_MS = 1000;

/** A version of an object in the bucket of the destination. */
export interface Version {
  key: string;
  versionId: string;
}

/**
 * Locks versions until at least the end of a retention, and reads each lock back. It waits and tries
 * again where the server refuses, until that has been in vain once: then the right is missing.
 */
export class Locker {
  readonly #requests: PlaceRequests;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #options: RequestOptions;
  #isPatient = true;

  constructor(
    requests: PlaceRequests,
    sleep: (ms: number) => Promise<void>,
    options: RequestOptions = { signal: requests.place.signal },
  ) {
    this.#requests = requests;
    this.#sleep = sleep;
    this.#options = options;
  }

  /** Resolves to why the version is not locked for as long; `undefined` if it is. */
  async lock(version: Version, wanted: Retention): Promise<string | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      const reason = await this.#tryOnce(version, wanted);
      if (reason === undefined) return undefined;
      const waitMs = this.#isPatient ? WAITS_MS[attempt] : undefined;
      if (waitMs === undefined) {
        this.#isPatient = false;
        return reason;
      }
      await this.#sleep(waitMs);
    }
  }

  async #tryOnce(version: Version, wanted: Retention): Promise<string | undefined> {
    try {
      const before = await this.#read(version);
      if (isAtLeast(before, wanted)) return undefined;
      const refusal = await this.#set(version, stronger(before, wanted));
      const after = await this.#read(version);
      if (isAtLeast(after, wanted)) return undefined;
      if (refusal !== undefined && before !== null && before.mode !== wanted.mode) {
        // The mode of a lock may not be changed; its end may.
        await this.#set(version, stronger(before, { ...wanted, mode: before.mode }));
      }
      return refusal?.message ?? whyNot(after, wanted);
    } catch (error) {
      if (!isAnswer(error)) throw error;
      return error.message;
    }
  }

  /** Resolves to the refusal of the server, if it refuses. */
  async #set(version: Version, retention: Retention): Promise<MangamotionError | undefined> {
    const { store, bucket } = this.#requests.place;
    const { key, versionId } = version;
    const options = { ...this.#options, versionId };
    try {
      await this.#requests.ask(store.putRetention(bucket, key, retention, options));
      return undefined;
    } catch (error) {
      if (!isAnswer(error)) throw error;
      return error;
    }
  }

  #read({ key, versionId }: Version): Promise<Retention | null> {
    const { store, bucket } = this.#requests.place;
    const options = { ...this.#options, versionId };
    return this.#requests.ask(store.getRetention(bucket, key, options));
  }
}

/** Whether the server has answered about this version; otherwise it is the server that is away. */
function isAnswer(error: unknown): error is MangamotionError {
  return (
    isUnexpectedAnswer(error) ||
    isMangamotionError(error, 'access_denied', 'refused', 'not_found', 'damaged')
  );
}

/** Whether a lock is as strong, and lasts as long. */
export function isAtLeast(lock: Retention | null, wanted: Retention): boolean {
  if (lock === null) return false;
  const isAsStrong = lock.mode === wanted.mode || lock.mode === 'COMPLIANCE';
  return isAsStrong && Date.parse(lock.until) >= Date.parse(wanted.until) - TOLERANCE_MS;
}

/** The stronger mode, and the later end. */
function stronger(before: Retention | null, wanted: Retention): Retention {
  if (before === null) return wanted;
  const mode = before.mode === 'COMPLIANCE' ? before.mode : wanted.mode;
  const isLater = Date.parse(before.until) > Date.parse(wanted.until);
  return { mode, until: isLater ? before.until : wanted.until };
}

function whyNot(lock: Retention | null, wanted: Retention): string {
  if (lock === null) return 'the server accepted a retention, and shows none';
  if (Date.parse(lock.until) < Date.parse(wanted.until) - TOLERANCE_MS) {
    return `the server shows a retention until ${lock.until}`;
  }
  return `the server shows a retention in the mode ${lock.mode}`;
}
