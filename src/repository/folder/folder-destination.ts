import { stat, statfs, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Archive } from '../../archive/archive.js';
import type { IndexArchive } from '../../archive/index-archive.js';
import type { ClosableSource } from '../../archive/sink.js';
import { PLAIN_AND_ENCRYPTED_HINT } from '../../config/hints.js';
import { TarArchive } from '../../archive/tar-archive.js';
import { MangamotionError } from '../../errors.js';
import type {
  BackupEntry,
  Clock,
  Destination,
  KnownArchive,
  PendingBackup,
  ReservedBackup,
} from '../destination.js';
import {
  type Encrypted,
  type EncryptedFiles,
  openEncrypted,
  openEncryptedByHand,
  openEncryptedIndex,
} from '../encryption/open-encrypted.js';
import { NO_VAULT, type Vault } from '../encryption/vault.js';
import { encryptedDrafts } from './folder-encrypted-draft.js';
import { readSmallFile, replaceFile } from '../../files/bounded.js';
import { UnfitFileError, errnoOf, translateFileError } from '../../files/errors.js';
import { FileSource } from './file-source.js';
import { FolderEntries, statOf } from './folder-entries.js';
import { FolderFiles } from './folder-files.js';
import type { BackupFiles } from '../backup-files.js';
import { type BeginDraft, DRAFT_ADVICE } from '../archive-draft.js';
import { findLeftovers } from './folder-leftovers.js';
import { removeBackup, removeFile } from './folder-removal.js';
import { syncChanges } from '../../files/sync.js';
import { beginTarDraft } from './folder-tar-draft.js';
import { type LegacyBackup, listLegacy } from '../legacy/legacy-backup.js';
import type { Leftover } from '../leftover.js';
import type { ClaimStore } from '../../lock/claim.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import {
  ARCHIVE_SUFFIX,
  type BackupType,
  ENCRYPTED_SUFFIX,
  MARK_TEXTS,
  type Mark,
  SIDECAR_SUFFIX,
  backupIdFor,
  isOfBackup,
  markSuffix,
} from '../names.js';
import { PendingFolderBackup } from './pending-folder-backup.js';
import { PlainArchive } from '../plain/plain-archive.js';
import { beginPlainDraft } from '../plain/plain-draft.js';
import { PlainFiles } from '../plain/plain-files.js';

export interface FolderOptions {
  /** Write archives as plain folders instead of tar.gz. Both kinds are read. */
  plain?: boolean;
  /** By default nothing is encrypted, and no encrypted archive can be opened. */
  vault?: Vault | undefined;
}

/** Backups in a folder: `ID.tar.gz` or the folder `ID`, and `ID.json` beside it. */
export class FolderDestination implements Destination {
  readonly location: string;
  readonly vault: Vault;
  readonly #folder: string;
  readonly #entries: FolderEntries;
  readonly #beginDraft: BeginDraft;

  private constructor(location: string, { plain = false, vault = NO_VAULT }: FolderOptions) {
    this.location = location;
    this.#folder = resolve(location);
    this.#entries = new FolderEntries(location, this.#folder);
    this.vault = vault;
    const isEncrypted = vault.recipients.length > 0;
    if (plain && isEncrypted) throw plainAndEncrypted();
    this.#beginDraft = isEncrypted
      ? encryptedDrafts(vault)
      : plain
        ? beginPlainDraft
        : beginTarDraft;
  }

  /** Rejects with `not_found` if the folder is missing, perhaps because its disk is not mounted. */
  static async open(location: string, options: FolderOptions = {}): Promise<FolderDestination> {
    try {
      if ((await stat(location)).isDirectory()) return new FolderDestination(location, options);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'open', location);
      throw new MangamotionError('not_found', `no such folder: ${location}`, {
        hint: `Create it with "mkdir -p ${location}", or mount its disk.`,
        cause: error,
      });
    }
    throw new MangamotionError('usage', `${location} is a file, not a folder`, {
      hint: 'A destination is the folder that holds the backups.',
    });
  }

  list(): Promise<BackupEntry[]> {
    return this.#entries.list();
  }

  async placeNow(): Promise<string> {
    try {
      const { dev, ino, birthtimeMs } = await stat(this.#folder);
      return `${dev} ${ino} ${birthtimeMs}`;
    } catch (error) {
      throw translateFileError(error, 'open', this.#folder);
    }
  }

  listLegacy(): Promise<LegacyBackup[]> {
    return listLegacy(this.#folder);
  }

  read(id: string): Promise<BackupEntry> {
    return this.#entries.read(id);
  }

  /** A tar.gz is preferred: a folder with its name may be the result of unpacking it. */
  async openArchive(id: string, { sizeBytes, encrypted }: KnownArchive = {}): Promise<Archive> {
    if (encrypted !== undefined) {
      return await openEncrypted(this.#encryptedFiles(id), encrypted, this.vault);
    }
    const path = this.#path(id, ARCHIVE_SUFFIX);
    if ((await statOf(path)) === undefined) {
      const folder = await statOf(this.#path(id, ''));
      if (folder?.isDirectory() === true) {
        return new PlainArchive(new PlainFiles(this.#folder, id), sizeBytes);
      }
      const byHand = this.#path(id, ENCRYPTED_SUFFIX);
      if ((await statOf(byHand)) !== undefined) {
        return await openEncryptedByHand(id, await FileSource.open(byHand), this.vault);
      }
    }
    return new TarArchive(await FileSource.open(path));
  }

  openIndex(id: string, encrypted: Encrypted): Promise<IndexArchive> {
    return openEncryptedIndex(this.#encryptedFiles(id), encrypted, this.vault);
  }

  openFile(name: string): Promise<ClosableSource> {
    return FileSource.open(join(this.#folder, name));
  }

  async readFile(name: string, mostBytes: number): Promise<Buffer | 'unfit' | undefined> {
    const path = join(this.#folder, name);
    try {
      return (await readSmallFile(path, { mostBytes })).bytes;
    } catch (error) {
      if (error instanceof UnfitFileError || errnoOf(error) === 'EISDIR') return 'unfit';
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw translateFileError(error, 'read', path);
    }
  }

  #encryptedFiles(id: string): EncryptedFiles {
    return {
      id,
      archive: () => FileSource.open(this.#path(id, ENCRYPTED_SUFFIX)),
      index: () => FileSource.open(this.#path(id, SIDECAR_SUFFIX)),
    };
  }

  files(): BackupFiles {
    return new FolderFiles(this.#folder);
  }

  async freeBytes(): Promise<number | null> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize;
    } catch {
      // Some network file systems do not report it; a full disk then shows when it is written to.
      return null;
    }
  }

  claims(folder?: string): ClaimStore {
    return new FolderClaims(this.#folder, folder);
  }

  async readNote(name: string, mostBytes: number): Promise<Buffer | undefined> {
    const path = join(this.#folder, name);
    try {
      return (await readSmallFile(path, { mostBytes })).bytes;
    } catch (error) {
      if (error instanceof UnfitFileError || errnoOf(error) === 'ENOENT') return undefined;
      throw translateFileError(error, 'read', path);
    }
  }

  async writeNote(name: string, content: string): Promise<void> {
    const path = join(this.#folder, name);
    try {
      await replaceFile(path, content);
    } catch (error) {
      throw translateFileError(error, 'write into', this.location);
    }
  }

  leftovers(givenUp?: ReadonlySet<string>): Promise<Leftover[]> {
    return findLeftovers(this.#folder, this.vault, givenUp);
  }

  async begin(type: BackupType, clock: Clock): Promise<PendingBackup> {
    for (;;) {
      const createdAt = clock.now();
      const pending = await this.#reserve(backupIdFor(type, createdAt), createdAt);
      if (pending !== undefined) return pending;
      await clock.sleep(1000 - (createdAt.getTime() % 1000));
    }
  }

  async beginAs({ id, createdAt }: ReservedBackup): Promise<PendingBackup> {
    const pending = await this.#begin(id, createdAt);
    if (pending !== undefined) return pending;
    throw new MangamotionError('refused', `${this.location} already has a file of ${id}`);
  }

  async removeNote(name: string): Promise<void> {
    await removeFile(join(this.#folder, name));
    await syncChanges(this.#folder);
  }

  remove(id: string): Promise<void> {
    return removeBackup(this.#folder, id);
  }

  async mark(id: string, mark: Mark, isSet: boolean): Promise<void> {
    const path = this.#path(id, markSuffix(mark));
    if (isSet) await this.#writeMark(path, MARK_TEXTS[mark]);
    else await removeFile(path);
    await syncChanges(this.#folder);
  }

  /**
   * Reserves an id by creating its temporary name, if no other file of that id exists afterwards.
   * Only the owner renames it, so nobody can complete the id in between. A tar.gz and a plain
   * folder may be reserved at the same time and see each other; then both wait.
   */
  async #reserve(id: string, createdAt: Date): Promise<PendingFolderBackup | undefined> {
    const pending = await this.#begin(id, createdAt);
    if (pending === undefined) return undefined;
    const others = (await this.#entries.names()).filter((name) => !pending.isOwn(name));
    if (!others.some((name) => isOfBackup(name, id))) return pending;
    await pending.discard();
    return undefined;
  }

  /** Resolves to `undefined` if an archive of this id is being written. */
  async #begin(id: string, createdAt: Date): Promise<PendingFolderBackup | undefined> {
    const draft = await this.#beginDraft(this.#folder, id, createdAt).catch((error: unknown) => {
      throw translateFileError(error, 'write into', this.location, DRAFT_ADVICE);
    });
    return draft && (await PendingFolderBackup.begin(this.#folder, draft, this.vault));
  }

  async #writeMark(path: string, text: string): Promise<void> {
    try {
      await writeFile(path, text, { mode: 0o600 });
    } catch (error) {
      throw translateFileError(error, 'write', path);
    }
  }

  #path(id: string, suffix: string): string {
    return join(this.#folder, id + suffix);
  }
}

function plainAndEncrypted(): MangamotionError {
  return new MangamotionError('configuration', 'plain folders cannot be encrypted', {
    hint: PLAIN_AND_ENCRYPTED_HINT,
  });
}
