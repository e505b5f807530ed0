import type { Retention } from '../../../object-store/port.js';
import { withUnprotected } from '../../lock-record.js';
import type { Summary } from '../../summary.js';
import type { PlaceRequests } from '../place-requests.js';
import { isNoSuchObject } from '../s3-place.js';
import { Locker, isAtLeast } from './retry-lock.js';

/** The lock of a backup that is being written. */
export class OwnLock {
  readonly retention: Retention;
  readonly #requests: PlaceRequests;
  readonly #locker: Locker;

  constructor(requests: PlaceRequests, retention: Retention, sleep: (ms: number) => Promise<void>) {
    this.retention = retention;
    this.#requests = requests;
    // Without the signal, like all of a commit: once its summary is there, the backup exists.
    const rest = (ms: number): Promise<void> => sleep(ms).catch(() => undefined);
    this.#locker = new Locker(requests, rest, {});
  }

  /**
   * Makes sure that a file that was just written is locked: some servers forget the lock of an upload
   * in parts. Resolves to the summary, to which is added that it is not.
   */
  async confirm(file: string, summary: Summary): Promise<Summary> {
    const reason = await this.#whyNotLocked(this.#requests.key(file, ''));
    return reason === undefined ? summary : withUnprotected(summary, [{ file, reason }]);
  }

  async #whyNotLocked(key: string): Promise<string | undefined> {
    const { store, bucket } = this.#requests.place;
    try {
      const { versionId, retention } = await this.#requests.ask(store.headObject(bucket, key));
      if (isAtLeast(retention, this.retention)) return undefined;
      if (versionId === null) return 'the server names no version of it';
      return await this.#locker.lock({ key, versionId }, this.retention);
    } catch (error) {
      if (!isNoSuchObject(error)) throw error;
      return 'it is deleted';
    }
  }
}
