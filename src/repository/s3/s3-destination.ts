import type { Archive } from '../../archive/archive.js';
import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { MangamotionError } from '../../errors.js';
import { eachObjectPage } from '../../object-store/s3/requests/list-requests.js';
import type { ObjectStore, RequestOptions } from '../../object-store/port.js';
import { prefetchInOrder } from '../../prefetch.js';
import type {
  BackupEntry,
  Clock,
  Destination,
  PendingBackup,
  PurgedVersions,
} from '../destination.js';
import { bySequence } from '../history.js';
import type { Leftover } from '../leftover.js';
import type { ClaimStore } from '../../lock/claim.js';
import { ObjectClaims } from '../../lock/object-claims.js';
import {
  ARCHIVE_SUFFIX,
  type BackupType,
  MARKS,
  MARK_TEXTS,
  type Mark,
  SUMMARY_SUFFIX,
  backupIdFor,
  backupIdOf,
  markSuffix,
} from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { findS3Leftovers } from './s3-leftovers.js';
import { PendingS3Backup } from './s3-pending-backup.js';
import { FIRST_CONTACT, type S3Place, withPlaceErrors, isNoSuchObject } from './s3-place.js';
import { S3Source } from './s3-source.js';
import { contentOf } from './s3-upload-sink.js';
import { type DecodedSummary, decodeSummary } from '../summary.js';

/** Summaries are fetched concurrently; together they have a few hundred kB. */
const SUMMARIES_AT_ONCE = { maxRequests: 16, maxBytes: 16 };

/** Storage classes that cannot be read before RestoreObject. GLACIER_IR can be. */
const COLD_CLASSES: ReadonlySet<string | null | undefined> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

const REMOVAL_SUFFIX = SUMMARY_SUFFIX + PARTIAL_SUFFIX;
/** In the order in which they are removed. */
const FILES_OF_BACKUP = [SUMMARY_SUFFIX, ARCHIVE_SUFFIX, ...MARKS.map(markSuffix), REMOVAL_SUFFIX];

const REMOVED_TEXT = 'this backup is being removed\n';

/** Backups in a bucket: `PREFIX/ID.tar.gz` and `PREFIX/ID.json` side by side. */
export class S3Destination implements Destination {
  readonly location: string;
  /** Excludes the destination's own bucket: a backup of it into itself would never end. */
  readonly excludesBucket: { endpoint: string; bucket: string };
  readonly #place: S3Place;
  #wasReached = false;

  /** The store of `place` retries by itself (`withRetries`). */
  constructor(place: S3Place) {
    this.location = place.url;
    this.excludesBucket = { endpoint: place.store.endpoint, bucket: place.bucket };
    this.#place = place;
  }

  async list(): Promise<BackupEntry[]> {
    const objects = await this.#objects();
    const ids = [...objects.keys()].filter((name) => name.endsWith(SUMMARY_SUFFIX)).map(backupIdOf);
    const known = ids.filter((id) => id !== undefined);
    const backups: BackupEntry[] = [];
    const summaries = prefetchInOrder(
      inOnePage(known),
      SUMMARIES_AT_ONCE,
      () => 1,
      (id) => this.#summary(id),
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

  /** Reads only the summary, in one request. */
  async read(id: string): Promise<BackupEntry> {
    const summary = await this.#summary(id);
    if (summary !== undefined) {
      const archiveBytes = summary.kind === 'valid' ? summary.summary.archive_bytes : null;
      return { id, summary, archiveBytes, expired: false };
    }
    const isUncommitted = (await this.#objects(id)).has(id + ARCHIVE_SUFFIX);
    throw new MangamotionError(
      'not_found',
      isUncommitted
        ? `${id} has an archive but no summary: the backup was never completed`
        : `no backup ${id} in ${this.location}`,
      { hint: `See what there is with "mangamotion backup list ${this.location}".` },
    );
  }

  async archiveBytesOf(id: string): Promise<number | null> {
    return (await this.#objects(id)).get(id + ARCHIVE_SUFFIX)?.sizeBytes ?? null;
  }

  openArchive(id: string, sizeBytes = Infinity): Promise<Archive> {
    const source = new S3Source(this.#place, this.#key(id, ARCHIVE_SUFFIX), sizeBytes);
    return Promise.resolve(new TarArchive(source));
  }

  /** The result is only used for a notice, so missing rights do not matter. */
  async keepsVersions(): Promise<boolean | undefined> {
    const { store, bucket, signal } = this.#place;
    try {
      const found = await store.readBucketDocument(bucket, 'versioning', this.#options());
      return (
        found.state === 'captured' &&
        /<Status>\s*(Enabled|Suspended)/.test(found.content.toString('utf8'))
      );
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  /** Versions of the files of this backup alone, by their exact names. */
  async purgeVersions(id: string, { dryRun }: { dryRun: boolean }): Promise<PurgedVersions> {
    const { store, bucket, prefix, signal } = this.#place;
    const files = new Set(FILES_OF_BACKUP.map((suffix) => this.#key(id, suffix)));
    const listed = await this.#ask(store.listVersions(bucket, prefix + id, this.#options()));
    const versions = listed.filter(({ key }) => files.has(key));
    for (const version of dryRun ? [] : versions) {
      signal.throwIfAborted();
      await withPlaceErrors(this.#place, store.deleteVersion(bucket, version, { signal }));
    }
    const bytes = versions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { versions: versions.length, bytes };
  }

  freeBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  /** The lock of the destination prevents two runs from taking the same id. */
  async begin(type: BackupType, clock: Clock): Promise<PendingBackup> {
    for (;;) {
      const createdAt = clock.now();
      const id = backupIdFor(type, createdAt);
      const names = [...(await this.#objects(id)).keys()];
      if (!names.some((name) => backupIdOf(name) === id)) {
        return new PendingS3Backup(this.#place, id, createdAt);
      }
      await clock.sleep(1000 - (createdAt.getTime() % 1000));
    }
  }

  /** The temporary summary marks the archive as ours if this is interrupted. */
  async remove(id: string): Promise<void> {
    await this.#put(id, REMOVAL_SUFFIX, REMOVED_TEXT);
    for (const suffix of FILES_OF_BACKUP) await this.#delete(id, suffix);
  }

  async mark(id: string, mark: Mark, isSet: boolean): Promise<void> {
    if (isSet) await this.#put(id, markSuffix(mark), MARK_TEXTS[mark]);
    else await this.#delete(id, markSuffix(mark));
  }

  claims(): ClaimStore {
    const { store, bucket, prefix } = this.#place;
    const claims = new ObjectClaims(store, { bucket, prefix });
    return {
      location: claims.location,
      put: async (name, content, signal) => {
        await this.#reach();
        await this.#ask(claims.put(name, content, signal));
      },
      list: (signal) => this.#ask(claims.list(signal)),
      remove: async (name, signal) => {
        // If the store was never reached, nothing was put.
        if (this.#wasReached) await this.#ask(claims.remove(name, signal));
      },
    };
  }

  leftovers(): Promise<Leftover[]> {
    return findS3Leftovers(this.#place);
  }

  /** Lists the objects below the prefix, by their names without it. */
  async #objects(namePrefix = ''): Promise<Map<string, Stored>> {
    const { store, bucket, prefix } = this.#place;
    const objects = new Map<string, Stored>();
    const listPage: ObjectStore['listPage'] = (_, options) =>
      this.#ask(store.listPage(bucket, { ...options, ...this.#options() }));
    const options = { prefix: prefix + namePrefix };
    for await (const page of eachObjectPage(
      { endpoint: store.endpoint, listPage },
      bucket,
      options,
    )) {
      for (const { key, sizeBytes, storageClass } of page) {
        objects.set(key.slice(prefix.length), { sizeBytes, storageClass });
      }
    }
    return objects;
  }

  async #summary(id: string): Promise<DecodedSummary | undefined> {
    const { store, bucket } = this.#place;
    const options = { ...this.#options(), maxBytes: LARGEST_SUMMARY_BYTES };
    try {
      const key = this.#key(id, SUMMARY_SUFFIX);
      const { content } = await this.#ask(store.readObject(bucket, key, options));
      if (content !== undefined) return decodeSummary(content);
      return { kind: 'damaged', reason: 'the summary is too large' };
    } catch (error) {
      if (isNoSuchObject(error)) return undefined;
      throw error;
    }
  }

  async #put(id: string, suffix: string, text: string): Promise<void> {
    const { store, bucket, signal } = this.#place;
    const content = contentOf(Buffer.from(text));
    const key = this.#key(id, suffix);
    await withPlaceErrors(this.#place, store.putObject(bucket, key, content, { signal }));
  }

  async #delete(id: string, suffix: string): Promise<void> {
    const { store, bucket, signal } = this.#place;
    const key = this.#key(id, suffix);
    await withPlaceErrors(this.#place, store.deleteObject(bucket, key, { signal }));
  }

  /** Sends a first request with few attempts, so that a wrong address is reported soon. */
  async #reach(): Promise<void> {
    if (this.#wasReached) return;
    const { store, bucket, prefix } = this.#place;
    await this.#ask(store.listPage(bucket, { ...this.#options(), prefix, maxKeys: 1 }));
  }

  #options(): RequestOptions {
    return { ...(this.#wasReached ? {} : FIRST_CONTACT), signal: this.#place.signal };
  }

  async #ask<T>(answer: Promise<T>): Promise<T> {
    const value = await withPlaceErrors(this.#place, answer);
    this.#wasReached = true;
    return value;
  }

  #key(id: string, suffix: string): string {
    return this.#place.prefix + id + suffix;
  }
}

interface Stored {
  sizeBytes: number;
  storageClass: string | null | undefined;
}

async function* inOnePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
