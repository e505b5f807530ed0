import { BUCKET_WITHOUT_LOCK_HINT } from '../../../config/hints.js';
import { MangamotionError, isMangamotionError } from '../../../errors.js';
import { inParallel } from '../../../in-parallel.js';
import type { ObjectVersion, Retention } from '../../../object-store/port.js';
import { isUnexpectedAnswer } from '../../../object-store/store-errors.js';
import { eachVersionPage } from '../../../object-store/s3/requests/version-requests.js';
import { type BucketLock, parseBucketLock } from '../../../object-store/s3/wire/object-lock.js';
import type { DestinationLocks, FileLock, Hidden, LockProof, Unprotected } from '../../locks.js';
import {
  ARCHIVE_SUFFIX,
  ARCHIVE_SUFFIXES,
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  SUMMARY_SUFFIX,
} from '../../names.js';
import { LOCKED_FILES } from '../backup-files.js';
import type { PlaceRequests } from '../place-requests.js';
import { findHidden } from './hidden-files.js';
import { clearProofs, proveLock } from './prove-lock.js';
import { Locker } from './retry-lock.js';

/** The backups whose locks are asked for, or extended, at once. */
const BACKUPS_AT_ONCE = 8;
/** The most versions of one file that are locked or looked at: the oldest, and the current one. */
const MOST_VERSIONS = 20;

/** The object locks of a bucket that is a destination. */
export class S3Locks implements DestinationLocks {
  readonly #requests: PlaceRequests;

  constructor(requests: PlaceRequests) {
    this.#requests = requests;
  }

  async check(): Promise<void> {
    const { url, bucket } = this.#requests.place;
    const lock = await this.#ofBucket();
    if (lock === null) {
      throw new MangamotionError('refused', `${url}: the bucket ${bucket} has no object lock`, {
        hint: BUCKET_WITHOUT_LOCK_HINT,
      });
    }
    if (lock.byDefault === null) return;
    const { mode, period } = lock.byDefault;
    throw new MangamotionError(
      'refused',
      `${url}: the bucket ${bucket} locks every new object (${mode}, ${period}), also the files by which runs wait for one another`,
      {
        hint: 'Remove the default retention of the bucket: each backup is locked as an object. Or use another bucket.',
      },
    );
  }

  async areEnabled(): Promise<boolean | undefined> {
    try {
      return (await this.#ofBucket()) !== null;
    } catch (error) {
      if (isMangamotionError(error, 'access_denied', 'refused')) return undefined;
      if (isUnexpectedAnswer(error)) return undefined;
      throw error;
    }
  }

  /** Resolves to `null` if the bucket has no object lock. */
  async #ofBucket(): Promise<BucketLock | null> {
    const { store, bucket, url } = this.#requests.place;
    const document = await this.#requests.ask(
      store.readBucketDocument(bucket, 'object-lock', this.#requests.options()),
    );
    if (document.state !== 'captured') return null;
    const lock = parseBucketLock(document.content.toString('utf8'));
    if (lock !== null) return lock;
    throw new MangamotionError(
      'refused',
      `${url}: the server does not say whether the object lock of ${bucket} is enabled`,
    );
  }

  prove(mode: Retention['mode'], now: Date): Promise<LockProof> {
    const startedMs = performance.now();
    const nowMs = (): number => now.getTime() + performance.now() - startedMs + this.#aheadMs();
    return proveLock(this.#requests, mode, nowMs);
  }

  clearProofs(): Promise<string[]> {
    return clearProofs(this.#requests);
  }

  clockAheadMs(): number | undefined {
    return this.#requests.place.store.clockAheadMs?.();
  }

  #aheadMs(): number {
    return this.clockAheadMs() ?? 0;
  }

  /**
   * An overwrite may have hidden the version that a run wrote, so the oldest versions are locked as
   * well as the current one.
   */
  async extend(
    ids: readonly string[],
    retention: Retention,
    sleep: (ms: number) => Promise<void>,
  ): Promise<Unprotected[]> {
    const locker = new Locker(this.#requests, sleep);
    const found = await inParallel(BACKUPS_AT_ONCE, ids, async (id) => {
      const files = await this.#filesOf(id);
      const unprotected = missingFiles(id, files);
      for (const [file, versions] of files) {
        const reason = await this.#whyNotLocked(locker, versions, retention);
        if (reason !== undefined) unprotected.push({ file, reason });
      }
      return unprotected;
    });
    return found.flat();
  }

  /** Locks all versions, and resolves to the first reason why the file is not protected. */
  async #whyNotLocked(
    locker: Locker,
    versions: readonly ObjectVersion[],
    retention: Retention,
  ): Promise<string | undefined> {
    const [newest] = versions;
    if (newest === undefined) return undefined;
    let why = newest.isDeleteMarker ? 'it is deleted' : undefined;
    for (const version of worthLocking(versions)) {
      const reason = await locker.lock(version, retention);
      why ??= reason;
    }
    return why;
  }

  async locksOf(id: string): Promise<FileLock[]> {
    const { store, bucket } = this.#requests.place;
    const locks: FileLock[] = [];
    const files = await this.#filesOf(id);
    const missing = missingFiles(id, files).map(({ file }) => file);
    for (const [file, versions] of files) {
      if (versions.length === 0 && !missing.includes(file)) continue;
      let longest: Retention | null = null;
      for (const { key, versionId } of worthLocking(versions)) {
        const options = { ...this.#requests.options(), versionId };
        const retention = await this.#requests.ask(store.getRetention(bucket, key, options));
        if (
          retention !== null &&
          !(Date.parse(longest?.until ?? '') >= Date.parse(retention.until))
        )
          longest = retention;
      }
      locks.push({ file, retention: longest });
    }
    return locks;
  }

  hidden(neededParts: ReadonlySet<string>): Promise<Hidden> {
    return findHidden(this.#requests, neededParts);
  }

  /** Lists the versions of each file of a backup that is locked, newest first. */
  async #filesOf(id: string): Promise<Map<string, ObjectVersion[]>> {
    const { place } = this.#requests;
    const files = new Map(LOCKED_FILES.map((suffix) => [id + suffix, [] as ObjectVersion[]]));
    const pages = eachVersionPage(
      (options) => this.#requests.ask(place.store.listVersionPage(place.bucket, options)),
      {
        ...{ endpoint: place.store.endpoint, bucket: place.bucket },
        ...{ ...this.#requests.options(), prefix: this.#requests.key(id, '.') },
      },
    );
    for await (const page of pages) {
      for (const version of page) {
        const versions = files.get(version.key.slice(place.prefix.length));
        if (versions === undefined) continue;
        // The newest and the oldest stay, whatever a stranger has put between them.
        if (versions.length > MOST_VERSIONS) versions.splice(1, 1);
        versions.push(version);
      }
    }
    return files;
  }
}

/** Returns the files that a backup needs, and of which there is no version: not all have sidecars. */
function missingFiles(
  id: string,
  files: ReadonlyMap<string, readonly ObjectVersion[]>,
): Unprotected[] {
  const isThere = (suffix: string): boolean => (files.get(id + suffix)?.length ?? 0) > 0;
  const missing = [
    ...(ARCHIVE_SUFFIXES.some(isThere) ? [] : [ARCHIVE_SUFFIX]),
    ...(isThere(SUMMARY_SUFFIX) ? [] : [SUMMARY_SUFFIX]),
    ...(isThere(ENCRYPTED_SUFFIX) && !isThere(SIDECAR_SUFFIX) ? [SIDECAR_SUFFIX] : []),
  ];
  return missing.map((suffix) => ({ file: id + suffix, reason: 'it is missing' }));
}

function worthLocking(versions: readonly ObjectVersion[]): ObjectVersion[] {
  return versions.filter(({ isDeleteMarker }) => !isDeleteMarker);
}
