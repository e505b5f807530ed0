import type { Archive } from '../../archive/archive.js';
import type { IndexArchive } from '../../archive/index-archive.js';
import type { ClosableSource } from '../../archive/sink.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { MangamotionError } from '../../errors.js';
import { prefetchInOrder } from '../../prefetch.js';
import type {
  BackupEntry,
  Clock,
  Destination,
  KnownArchive,
  PendingBackup,
  BackupVersions,
  Remains,
  ReservedBackup,
} from '../destination.js';
import { isEncrypted } from '../encryption-choice.js';
import { bySequence } from '../history.js';
import {
  type Encrypted,
  type EncryptedFiles,
  decryptByHand,
  openEncrypted,
  openEncryptedIndex,
  plainBytesOf,
} from '../encryption/open-encrypted.js';
import { SourceOrElse } from '../encryption/source-or-else.js';
import { SharedRecords } from '../encryption/shared-records.js';
import { NO_VAULT, type Vault } from '../encryption/vault.js';
import type { Leftover } from '../leftover.js';
import type { ClaimStore } from '../../lock/claim.js';
import { LockClaims } from '../../lock/lock-claims.js';
import { ObjectClaims } from '../../lock/object-claims.js';
import {
  ARCHIVE_SUFFIX,
  ARCHIVE_SUFFIXES,
  type BackupType,
  ENCRYPTED_SUFFIX,
  MARK_TEXTS,
  type Mark,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  backupIdFor,
  backupIdOf,
  isOfBackup,
  markSuffix,
  reservedIdOf,
} from '../names.js';
import { PartSizes } from '../parts.js';
import { findRemains, refuseChange } from './append-only.js';
import { findS3Leftovers } from './s3-leftovers.js';
import { PendingS3Backup } from './s3-pending-backup.js';
import type { S3Place } from './s3-place.js';
import { PlaceRequests, type Stored } from './place-requests.js';
import { findRemovedVersions } from './removed-versions.js';
import { REMOVED_TEXT } from '../removal-mark.js';
import { FILES_OF_BACKUP, REMOVAL_SUFFIX } from './backup-files.js';
import { S3Files } from './s3-files.js';
import { S3Source } from './s3-source.js';
import { LaterSummary } from './stored-at.js';
import type { DecodedSummary } from '../summary.js';
import type { BackupFiles } from '../backup-files.js';
import type { Retention } from '../../object-store/port.js';
import type { DestinationLocks } from '../locks.js';
import { OwnLock } from './locks/own-lock.js';
import { S3Locks } from './locks/s3-locks.js';

/** Summaries are fetched concurrently; together they have a few hundred kB. */
const SUMMARIES_AT_ONCE = { maxRequests: 16, maxBytes: 16 };

const ALWAYS_REMOVED: ReadonlySet<string> = new Set([SUMMARY_SUFFIX, REMOVAL_SUFFIX]);

/** A note is written after an interruption, too. */
const NOTE_TIMEOUT_MS = 20_000;

/** Storage classes that cannot be read before RestoreObject. GLACIER_IR can be. */
const COLD_CLASSES: ReadonlySet<string | null | undefined> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** Backups in a bucket: `PREFIX/ID.tar.gz` and `PREFIX/ID.json` side by side. */
export class S3Destination implements Destination {
  readonly location: string;
  readonly appendOnly: boolean;
  readonly vault: Vault;
  /** Excludes the destination's own bucket: a backup of it into itself would never end. */
  readonly excludesBucket: { endpoint: string; bucket: string };
  readonly locks: DestinationLocks;
  readonly #place: S3Place;
  readonly #requests: PlaceRequests;

  /** The store of `place` retries by itself (`withRetries`). */
  constructor(place: S3Place, vault: Vault = NO_VAULT) {
    this.vault = vault;
    this.location = place.url;
    this.appendOnly = place.appendOnly === true;
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
    const records = new SharedRecords();
    const parts = new PartSizes((file) => Promise.resolve(objects.get(file)?.sizeBytes ?? null));
    const summaries = prefetchInOrder(
      inOnePage(known),
      SUMMARIES_AT_ONCE,
      () => 1,
      (id) => this.#requests.summary(id).catch(laterAsDamaged),
    );
    for await (const { item: id, result: read } of summaries) {
      // A backup that was pruned after the listing is missing.
      if (read === undefined) continue;
      const summary = records.in(read);
      const { archive, archiveBytes } = await this.#archiveAmong(objects, id, summary);
      const isMarked = (mark: Mark) => objects.has(id + markSuffix(mark));
      backups.push({
        ...{ id, summary, archiveBytes, expired: isMarked('expired') },
        ...(isEncrypted({ summary })
          ? { sidecarBytes: objects.get(id + SIDECAR_SUFFIX)?.sizeBytes ?? null }
          : {}),
        ...(await parts.of({ summary })),
        ...coldAmong(objects, summary),
        ...(objects.has(id + SIGNATURE_SUFFIX) ? { hasSignature: true } : {}),
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
    const names = await this.#requests.objects(id);
    const isUncommitted = ARCHIVE_SUFFIXES.some((suffix) => names.has(id + suffix));
    throw new MangamotionError(
      'not_found',
      isUncommitted
        ? `${id} has an archive but no summary: the backup was never completed`
        : `no backup ${id} in ${this.location}`,
      { hint: `See what there is with "mangamotion backup list ${this.location}".` },
    );
  }

  async archiveBytesOf({
    id,
    summary,
  }: Pick<BackupEntry, 'id' | 'summary'>): Promise<number | null> {
    const objects = await this.#requests.objects(id);
    return (await this.#archiveAmong(objects, id, summary)).archiveBytes;
  }

  async openArchive(
    id: string,
    { sizeBytes = Infinity, encrypted }: KnownArchive = {},
  ): Promise<Archive> {
    if (encrypted !== undefined) {
      return await openEncrypted(this.#encryptedFiles(id), encrypted, this.vault);
    }
    const plain = this.#source(id + ARCHIVE_SUFFIX, sizeBytes);
    return new TarArchive(new SourceOrElse(plain, () => this.#sourceEncryptedByHand(id)));
  }

  openIndex(id: string, encrypted: Encrypted): Promise<IndexArchive> {
    return openEncryptedIndex(this.#encryptedFiles(id), encrypted, this.vault);
  }

  openFile(name: string, sizeBytes = Infinity): Promise<ClosableSource> {
    return Promise.resolve(this.#source(name, sizeBytes));
  }

  readFile(name: string, mostBytes: number): Promise<Buffer | 'unfit' | undefined> {
    return this.#requests.file(name, mostBytes);
  }

  #source(name: string, sizeBytes: number): S3Source {
    return new S3Source(this.#place, this.#requests.key(name, ''), sizeBytes);
  }

  #encryptedFiles(id: string): EncryptedFiles {
    return {
      id,
      archive: (sizeBytes) => this.openFile(id + ENCRYPTED_SUFFIX, sizeBytes),
      index: (sizeBytes) => this.openFile(id + SIDECAR_SUFFIX, sizeBytes),
    };
  }

  /** Resolves to `undefined` if there is no such archive. */
  async #sourceEncryptedByHand(id: string): Promise<ClosableSource | undefined> {
    const stored = (await this.#requests.objects(id)).get(id + ENCRYPTED_SUFFIX);
    if (stored === undefined) return undefined;
    const source = this.#source(id + ENCRYPTED_SUFFIX, stored.sizeBytes);
    return await decryptByHand(id, source, this.vault);
  }

  /** The size of an archive that a person encrypted is that before encryption, as in its summary. */
  async #archiveAmong(
    objects: ReadonlyMap<string, Stored>,
    id: string,
    decoded: DecodedSummary,
  ): Promise<{ archive: Stored | undefined; archiveBytes: number | null }> {
    const plain = objects.get(id + ARCHIVE_SUFFIX);
    const encrypted = objects.get(id + ENCRYPTED_SUFFIX);
    const summary = decoded.kind === 'valid' ? decoded.summary : undefined;
    const isOurs = summary?.encryption !== undefined;
    const archive = isOurs ? encrypted : (plain ?? encrypted);
    if (archive === undefined) return { archive, archiveBytes: null };
    const isByHand = summary !== undefined && !isOurs && archive === encrypted;
    if (!isByHand) return { archive, archiveBytes: archive.sizeBytes };
    const source = this.#source(id + ENCRYPTED_SUFFIX, archive.sizeBytes);
    return { archive, archiveBytes: await plainBytesOf(source, id) };
  }

  async keepsVersions(): Promise<boolean | undefined> {
    const status = await this.#versioning();
    return status === undefined ? undefined : status !== 'none';
  }

  /** While versioning is suspended, the last version that was written then is replaced. */
  async keepsOverwritten(): Promise<boolean | undefined> {
    const status = await this.#versioning();
    return status === undefined ? undefined : status === 'Enabled';
  }

  /** The result is only used for a notice, so missing rights do not matter. */
  async #versioning(): Promise<'none' | 'Enabled' | 'Suspended' | undefined> {
    const { store, bucket, signal } = this.#place;
    try {
      const found = await store.readBucketDocument(bucket, 'versioning', this.#requests.options());
      if (found.state !== 'captured') return 'none';
      const status = /<Status>\s*(Enabled|Suspended)/.exec(found.content.toString('utf8'))?.[1];
      return status === 'Enabled' || status === 'Suspended' ? status : 'none';
    } catch {
      signal.throwIfAborted();
      return undefined;
    }
  }

  removedVersions(removed: ReadonlySet<string>): Promise<BackupVersions[]> {
    return findRemovedVersions(this.#requests, this.locks, removed);
  }

  files(): BackupFiles {
    return new S3Files(this.#requests);
  }

  freeBytes(): Promise<null> {
    return Promise.resolve(null);
  }

  /**
   * The lock of the destination prevents two runs from taking the same id. What a dead run left under an id is
   * not overwritten.
   */
  async begin(
    type: BackupType,
    clock: Clock,
    retentionOf?: (createdAt: Date) => Retention,
  ): Promise<PendingBackup> {
    for (;;) {
      const createdAt = clock.now();
      const id = backupIdFor(type, createdAt);
      const names = [...(await this.#requests.objects(id)).keys()];
      if (!names.some((name) => isOfBackup(name, id))) {
        return await this.#begin({ id, createdAt }, clock, retentionOf?.(createdAt));
      }
      await clock.sleep(1000 - (createdAt.getTime() % 1000));
    }
  }

  async beginAs(
    reserved: ReservedBackup,
    clock: Clock,
    retention?: Retention,
  ): Promise<PendingBackup> {
    const { id } = reserved;
    const names = [...(await this.#requests.objects(id)).keys()];
    if (names.some((name) => reservedIdOf(name) === id)) {
      throw new MangamotionError('refused', `${this.location} already has a file of ${id}`);
    }
    return await this.#begin(reserved, clock, retention);
  }

  #begin(
    reserved: ReservedBackup,
    clock: Clock,
    retention: Retention | undefined,
  ): Promise<PendingBackup> {
    const lock = retention && new OwnLock(this.#requests, retention, (ms) => clock.sleep(ms));
    return PendingS3Backup.begin(this.#place, this.vault, reserved, lock);
  }

  async removeNote(name: string): Promise<void> {
    refuseChange(this.#place, `${name} is not removed`);
    await this.#requests.delete('', name);
  }

  /** The temporary summary marks the archive as ours if this is interrupted. */
  async remove(id: string): Promise<void> {
    refuseChange(this.#place, `${id} is not removed`);
    await this.#requests.put(id, REMOVAL_SUFFIX, REMOVED_TEXT);
    const there = await this.#requests.objects(id);
    for (const suffix of FILES_OF_BACKUP) {
      // A listing that is late must not let a summary survive its archive.
      const mayBeThere = ALWAYS_REMOVED.has(suffix) || there.has(id + suffix);
      if (mayBeThere) await this.#requests.delete(id, suffix);
    }
  }

  async mark(id: string, mark: Mark, isSet: boolean): Promise<void> {
    if (isSet) {
      await this.#requests.put(id, markSuffix(mark), MARK_TEXTS[mark]);
      return;
    }
    refuseChange(this.#place, `the mark ${id}${markSuffix(mark)} is not removed`);
    await this.#requests.delete(id, markSuffix(mark));
  }

  claims(folder?: string): ClaimStore {
    const { store, bucket, prefix } = this.#place;
    const objects = new ObjectClaims(store, { bucket, prefix }, folder);
    const { appendOnly } = this;
    const claims = folder === undefined ? new LockClaims(objects, { appendOnly }) : objects;
    const refuse = (name: string): void => {
      if (folder !== undefined) refuseChange(this.#place, `${folder}/${name} is not written`);
    };
    return {
      location: claims.location,
      put: async (name, content, signal) => {
        refuse(name);
        await this.#requests.reach();
        await this.#requests.ask(claims.put(name, content, signal));
      },
      list: (signal, choose) => this.#requests.ask(claims.list(signal, choose)),
      remove: async (name, signal) => {
        refuse(name);
        // If the store was never reached, nothing was put.
        if (this.#requests.wasReached) await this.#requests.ask(claims.remove(name, signal));
      },
    };
  }

  readNote(name: string, mostBytes: number): Promise<Buffer | undefined> {
    return this.#requests.note(name, mostBytes);
  }

  async writeNote(name: string, content: string): Promise<void> {
    refuseChange(this.#place, `${name} is not written`);
    await this.#requests.put('', name, content, AbortSignal.timeout(NOTE_TIMEOUT_MS));
  }

  leftovers(givenUp?: ReadonlySet<string>): Promise<Leftover[]> {
    return findS3Leftovers(this.#place, givenUp);
  }

  async remains(): Promise<Remains> {
    return await findRemains(this.#requests, await this.list());
  }
}

/** Returns which of the parts that a backup needs are in cold storage. */
function coldAmong(
  objects: ReadonlyMap<string, Stored>,
  decoded: DecodedSummary,
): Pick<BackupEntry, 'coldParts'> {
  const parts = decoded.kind === 'valid' ? (decoded.summary.parts ?? []) : [];
  const cold = parts.filter(({ archive: { file } }) =>
    COLD_CLASSES.has(objects.get(file)?.storageClass),
  );
  return cold.length === 0 ? {} : { coldParts: new Set(cold.map(({ id }) => id)) };
}

/** A backup that is left out of the past is listed with the reason. */
function laterAsDamaged(error: unknown): DecodedSummary {
  if (error instanceof LaterSummary) return { kind: 'damaged', reason: error.reason };
  throw error;
}

async function* inOnePage<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield await Promise.resolve(items);
}
