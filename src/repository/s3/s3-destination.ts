import type { Archive } from '../../archive/archive.js';
import type { IndexArchive } from '../../archive/index-archive.js';
import type { ClosableSource } from '../../archive/sink.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { MangamotionError } from '../../errors.js';
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
import {
  type Encrypted,
  type EncryptedFiles,
  decryptByHand,
  openEncrypted,
  openEncryptedIndex,
} from '../encryption/open-encrypted.js';
import { SourceOrElse } from '../encryption/source-or-else.js';
import { NO_VAULT, type Vault } from '../encryption/vault.js';
import type { Leftover } from '../leftover.js';
import type { ClaimStore } from '../../lock/claim.js';
import { LockClaims } from '../../lock/lock-claims.js';
import { ObjectClaims } from '../../lock/object-claims.js';
import {
  ARCHIVE_SUFFIX,
  type BackupType,
  ENCRYPTED_SUFFIX,
  MARK_TEXTS,
  type Mark,
  SIDECAR_SUFFIX,
  SUMMARY_SUFFIX,
  backupIdFor,
  isOfBackup,
  markSuffix,
  reservedIdOf,
} from '../names.js';
import { findRemains, refuseChange } from './append-only.js';
import { findS3Leftovers } from './s3-leftovers.js';
import { PendingS3Backup } from './s3-pending-backup.js';
import type { S3Place } from './s3-place.js';
import { PlaceRequests } from './place-requests.js';
import { findRemovedVersions } from './removed-versions.js';
import { REMOVED_TEXT } from '../removal-mark.js';
import { FILES_OF_BACKUP, REMOVAL_SUFFIX } from './backup-files.js';
import { S3Entries } from './s3-entries.js';
import { S3Files } from './s3-files.js';
import { S3Source } from './s3-source.js';
import type { BackupFiles } from '../backup-files.js';
import type { Retention } from '../../object-store/port.js';
import type { DestinationLocks } from '../locks.js';
import { OwnLock } from './locks/own-lock.js';
import { S3Locks } from './locks/s3-locks.js';

const ALWAYS_REMOVED: ReadonlySet<string> = new Set([SUMMARY_SUFFIX, REMOVAL_SUFFIX]);

/** A note is written after an interruption, too. */
const NOTE_TIMEOUT_MS = 20_000;

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
  readonly #entries: S3Entries;

  /** The store of `place` retries by itself (`withRetries`). */
  constructor(place: S3Place, vault: Vault = NO_VAULT) {
    this.vault = vault;
    this.location = place.url;
    this.appendOnly = place.appendOnly === true;
    this.excludesBucket = { endpoint: place.store.endpoint, bucket: place.bucket };
    this.#place = place;
    this.#requests = new PlaceRequests(place);
    this.#entries = new S3Entries(this.#requests, place);
    this.locks = new S3Locks(this.#requests);
  }

  list(options?: { proven?: boolean }): Promise<BackupEntry[]> {
    return this.#entries.list(options);
  }

  async placeNow(): Promise<string> {
    return (await this.#requests.isEmpty()) ? 'empty' : 'in use';
  }

  read(id: string): Promise<BackupEntry> {
    return this.#entries.read(id);
  }

  archiveBytesOf(backup: Pick<BackupEntry, 'id' | 'summary'>): Promise<number | null> {
    return this.#entries.archiveBytesOf(backup);
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
