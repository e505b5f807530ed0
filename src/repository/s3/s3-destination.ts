import type { Archive } from '../../archive/archive.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { MangamotionError } from '../../errors.js';
import { prefetchInOrder } from '../../prefetch.js';
import type {
  BackupEntry,
  Clock,
  Destination,
  PendingBackup,
  BackupVersions,
} from '../destination.js';
import { bySequence } from '../history.js';
import type { Leftover } from '../leftover.js';
import type { ClaimStore } from '../../lock/claim.js';
import { ObjectClaims } from '../../lock/object-claims.js';
import {
  ARCHIVE_SUFFIX,
  type BackupType,
  MARK_TEXTS,
  type Mark,
  SUMMARY_SUFFIX,
  backupIdFor,
  backupIdOf,
  markSuffix,
} from '../names.js';
import { findS3Leftovers } from './s3-leftovers.js';
import { PendingS3Backup } from './s3-pending-backup.js';
import type { S3Place } from './s3-place.js';
import { PlaceRequests } from './place-requests.js';
import { findRemovedVersions } from './removed-versions.js';
import { FILES_OF_BACKUP, REMOVAL_SUFFIX, REMOVED_TEXT } from './backup-files.js';
import { S3Source } from './s3-source.js';
import type { Retention } from '../../object-store/port.js';
import type { DestinationLocks } from '../locks.js';
import { OwnLock } from './locks/own-lock.js';
import { S3Locks } from './locks/s3-locks.js';

/** Summaries are fetched concurrently; together they have a few hundred kB. */
const SUMMARIES_AT_ONCE = { maxRequests: 16, maxBytes: 16 };

/** A note is written after an interruption, too. */
const NOTE_TIMEOUT_MS = 20_000;

/** Storage classes that cannot be read before RestoreObject. GLACIER_IR can be. */
const COLD_CLASSES: ReadonlySet<string | null | undefined> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** Backups in a bucket: `PREFIX/ID.tar.gz` and `PREFIX/ID.json` side by side. */
export class S3Destination implements Destination {
  readonly location: string;
  /** Excludes the destination's own bucket: a backup of it into itself would never end. */
  readonly excludesBucket: { endpoint: string; bucket: string };
  readonly locks: DestinationLocks;
  readonly #place: S3Place;
  readonly #requests: PlaceRequests;

  /** The store of `place` retries by itself (`withRetries`). */
  constructor(place: S3Place) {
    this.location = place.url;
    this.excludesBucket = { endpoint: place.store.endpoint, bucket: place.bucket };
    this.#place = place;
    this.#requests = new PlaceRequests(place);
    this.locks = new S3Locks(this.#requests);
  }

  async list({ proven = false } = {}): Promise<BackupEntry[]> {
    const objects = await (proven ? this.#requests.allObjects() : this.#requests.objects());
    const ids = [...objects.keys()].filter((name) => name.endsWith(SUMMARY_SUFFIX)).map(backupIdOf);
    const known = ids.filter((id) => id !== undefined);
    const backups: BackupEntry[] = [];
    const summaries = prefetchInOrder(
      inOnePage(known),
      SUMMARIES_AT_ONCE,
      () => 1,
      (id) => this.#requests.summary(id),
    );
    for await (const { item: id, result: summary } of summaries) {
      // A backup that was pruned after the listing is missing.
      if (summary === undefined) continue;
      const archive = objects.get(id + ARCHIVE_SUFFIX);
      const archiveBytes = archive?.sizeBytes ?? null;
      const isMarked = (mark: Mark) => objects.has(id + markSuffix(mark));
      backups.push({
        ...{ id, summary, archiveBytes, expired: isMarked('expired') },
        ...(COLD_CLASSES.has(archive?.storageClass) ? { cold: true } : {}),
        ...(isMarked('accepted') ? { accepted: true } : {}),
        ...(isMarked('retired') ? { retired: true } : {}),
      });
    }
    return backups.sort(bySequence);
  }

  async placeNow(): Promise<string> {
    return (await this.#requests.isEmpty()) ? 'empty' : 'in use';
  }

  /** Reads only the summary, in one request. */
  async read(id: string): Promise<BackupEntry> {
    const summary = await this.#requests.summary(id);
    if (summary !== undefined) {
      const archiveBytes = summary.kind === 'valid' ? summary.summary.archive_bytes : null;
      return { id, summary, archiveBytes, expired: false };
    }
    const isUncommitted = (await this.#requests.objects(id)).has(id + ARCHIVE_SUFFIX);
    throw new MangamotionError(
      'not_found',
      isUncommitted
        ? `${id} has an archive but no summary: the backup was never completed`
        : `no backup ${id} in ${this.location}`,
      { hint: `See what there is with "mangamotion backup list ${this.location}".` },
    );
  }

  async archiveBytesOf(id: string): Promise<number | null> {
    return (await this.#requests.objects(id)).get(id + ARCHIVE_SUFFIX)?.sizeBytes ?? null;
  }

  openArchive(id: string, sizeBytes = Infinity): Promise<Archive> {
    const source = new S3Source(this.#place, this.#requests.key(id, ARCHIVE_SUFFIX), sizeBytes);
    return Promise.resolve(new TarArchive(source));
  }

  /** The result is only used for a notice, so missing rights do not matter. */
  async keepsVersions(): Promise<boolean | undefined> {
    const { store, bucket, signal } = this.#place;
    try {
      const found = await store.readBucketDocument(bucket, 'versioning', this.#requests.options());
      return (
        found.state === 'captured' &&
        /<Status>\s*(Enabled|Suspended)/.test(found.content.toString('utf8'))
      );
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  removedVersions(removed: ReadonlySet<string>): Promise<BackupVersions[]> {
    return findRemovedVersions(this.#requests, this.locks, removed);
  }

  freeBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  /** The lock of the destination prevents two runs from taking the same id. */
  async begin(
    type: BackupType,
    clock: Clock,
    retentionOf?: (createdAt: Date) => Retention,
  ): Promise<PendingBackup> {
    for (;;) {
      const createdAt = clock.now();
      const id = backupIdFor(type, createdAt);
      const names = [...(await this.#requests.objects(id)).keys()];
      if (!names.some((name) => backupIdOf(name) === id)) {
        const lock =
          retentionOf === undefined
            ? undefined
            : new OwnLock(this.#requests, retentionOf(createdAt), (ms) => clock.sleep(ms));
        return new PendingS3Backup(this.#place, id, createdAt, lock);
      }
      await clock.sleep(1000 - (createdAt.getTime() % 1000));
    }
  }

  /** The temporary summary marks the archive as ours if this is interrupted. */
  async remove(id: string): Promise<void> {
    await this.#requests.put(id, REMOVAL_SUFFIX, REMOVED_TEXT);
    for (const suffix of FILES_OF_BACKUP) await this.#requests.delete(id, suffix);
  }

  async mark(id: string, mark: Mark, isSet: boolean): Promise<void> {
    if (isSet) await this.#requests.put(id, markSuffix(mark), MARK_TEXTS[mark]);
    else await this.#requests.delete(id, markSuffix(mark));
  }

  claims(folder?: string): ClaimStore {
    const { store, bucket, prefix } = this.#place;
    const claims = new ObjectClaims(store, { bucket, prefix }, folder);
    return {
      location: claims.location,
      put: async (name, content, signal) => {
        await this.#requests.reach();
        await this.#requests.ask(claims.put(name, content, signal));
      },
      list: (signal, choose) => this.#requests.ask(claims.list(signal, choose)),
      remove: async (name, signal) => {
        // If the store was never reached, nothing was put.
        if (this.#requests.wasReached) await this.#requests.ask(claims.remove(name, signal));
      },
    };
  }

  readNote(name: string, mostBytes: number): Promise<Buffer | undefined> {
    return this.#requests.note(name, mostBytes);
  }

  async writeNote(name: string, content: string): Promise<void> {
    await this.#requests.put('', name, content, AbortSignal.timeout(NOTE_TIMEOUT_MS));
  }

  leftovers(): Promise<Leftover[]> {
    return findS3Leftovers(this.#place);
  }
}

async function* inOnePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
