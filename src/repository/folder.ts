import {
  type FileHandle,
  open,
  readFile,
  readdir,
  stat,
  statfs,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Archive } from '../archive/archive.js';
import { TarArchive } from '../archive/tar-archive.js';
import { MangamotionError } from '../errors.js';
import type { Clock, Destination, ListedBackup, PendingBackup } from './destination.js';
import { errnoOf, translateFileError } from './file-errors.js';
import { FileSource } from './file-source.js';
import { bySequence } from './history.js';
import {
  ARCHIVE_SUFFIX,
  type BackupType,
  EXPIRED_SUFFIX,
  PARTIAL_SUFFIX,
  SUMMARY_SUFFIX,
  backupIdFor,
  backupIdOf,
} from './names.js';
import { PendingFolderBackup, syncFolder } from './pending-folder-backup.js';
import { decodeSummary } from './summary.js';

/** A summary names its failures; a file over this size is none of ours. */
const LARGEST_SUMMARY_BYTES = 512 * 1024 * 1024;

/** What a person finds who opens the mark; that it exists is all that counts. */
const EXPIRED_TEXT = 'expired: kept only because other backups refer to its archive\n';

/** Backups in a folder: `ID.tar.gz` and `ID.json` side by side. */
export class FolderDestination implements Destination {
  readonly location: string;
  readonly #folder: string;

  private constructor(location: string) {
    this.location = location;
    this.#folder = resolve(location);
  }

  /** Rejects with `not_found` where the folder does not exist: it may be a disk that is not mounted. */
  static async open(location: string): Promise<FolderDestination> {
    try {
      if ((await stat(location)).isDirectory()) return new FolderDestination(location);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'open', location);
      throw new MangamotionError('not_found', `no such folder: ${location}`, {
        hint: `Create it with "mkdir -p ${location}", or mount the disk that it should be on.`,
        cause: error,
      });
    }
    throw new MangamotionError('usage', `${location} is a file, not a folder`, {
      hint: 'A destination is the folder that holds the backups.',
    });
  }

  async list(): Promise<ListedBackup[]> {
    const names = await this.#names();
    const ids = names
      .filter((name) => name.endsWith(SUMMARY_SUFFIX))
      .map(backupIdOf)
      .filter((id) => id !== undefined);
    const backups: ListedBackup[] = [];
    for (const id of ids) {
      const backup = await this.#find(id);
      // One that was pruned since the folder was read is no longer there.
      if (backup !== undefined) backups.push(backup);
    }
    return backups.sort(bySequence);
  }

  async read(id: string): Promise<ListedBackup> {
    const backup = await this.#find(id);
    if (backup !== undefined) return backup;
    const archive = await this.#bytesOf(id, ARCHIVE_SUFFIX);
    if (archive !== null) {
      throw new MangamotionError(
        'not_found',
        `${id} has an archive but no summary: the backup was never completed`,
        { hint: `See what there is with "mangamotion backup list ${this.location}".` },
      );
    }
    throw new MangamotionError('not_found', `no backup ${id} in ${this.location}`, {
      hint: `See what there is with "mangamotion backup list ${this.location}".`,
    });
  }

  async openArchive(id: string): Promise<Archive> {
    return new TarArchive(await FileSource.open(this.#path(id, ARCHIVE_SUFFIX)));
  }

  async freeBytes(): Promise<number | null> {
    try {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize;
    } catch {
      // Some network file systems do not tell; the write itself will.
      return null;
    }
  }

  async begin(type: BackupType, clock: Clock): Promise<PendingBackup> {
    for (;;) {
      const createdAt = clock.now();
      const id = backupIdFor(type, createdAt);
      const file = await this.#reserve(id);
      if (file !== undefined) return new PendingFolderBackup(this.#folder, id, createdAt, file);
      await clock.sleep(1000 - (createdAt.getTime() % 1000));
    }
  }

  async remove(id: string): Promise<void> {
    await this.#unlink(id, SUMMARY_SUFFIX);
    await this.#sync();
    await this.#unlink(id, ARCHIVE_SUFFIX);
    await this.#unlink(id, EXPIRED_SUFFIX);
    await this.#sync();
  }

  async markExpired(id: string, expired: boolean): Promise<void> {
    if (expired) await this.#writeMark(this.#path(id, EXPIRED_SUFFIX));
    else await this.#unlink(id, EXPIRED_SUFFIX);
    await this.#sync();
  }

  /**
   * Whoever creates the partial file owns the id, if no backup of that id is there afterwards: the
   * file is renamed only by its owner, so nobody can complete the id in between.
   */
  async #reserve(id: string): Promise<FileHandle | undefined> {
    const partial = this.#path(id, ARCHIVE_SUFFIX + PARTIAL_SUFFIX);
    let file: FileHandle;
    try {
      file = await open(partial, 'wx', 0o600);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return undefined;
      throw translateFileError(error, 'write into', this.location);
    }
    const taken = (await this.#names()).some((name) => backupIdOf(name) === id);
    if (!taken) return file;
    await file.close();
    await unlink(partial);
    return undefined;
  }

  async #find(id: string): Promise<ListedBackup | undefined> {
    const path = this.#path(id, SUMMARY_SUFFIX);
    try {
      const { size } = await stat(path);
      const summary =
        size > LARGEST_SUMMARY_BYTES
          ? ({ kind: 'damaged', reason: 'the summary is too large to be one' } as const)
          : decodeSummary(await readFile(path, 'utf8'));
      const archiveBytes = await this.#bytesOf(id, ARCHIVE_SUFFIX);
      return {
        id,
        summary,
        archiveBytes,
        expired: (await this.#bytesOf(id, EXPIRED_SUFFIX)) !== null,
      };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw translateFileError(error, 'read', path);
    }
  }

  /** `null` where there is no such file. */
  async #bytesOf(id: string, suffix: string): Promise<number | null> {
    try {
      return (await stat(this.#path(id, suffix))).size;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw translateFileError(error, 'read', this.#path(id, suffix));
    }
  }

  async #writeMark(path: string): Promise<void> {
    try {
      await writeFile(path, EXPIRED_TEXT, { mode: 0o600 });
    } catch (error) {
      throw translateFileError(error, 'write', path);
    }
  }

  async #unlink(id: string, suffix: string): Promise<void> {
    try {
      await unlink(this.#path(id, suffix));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw translateFileError(error, 'remove', this.#path(id, suffix));
    }
  }

  /** What was removed and marked is durable when the folder is. */
  async #sync(): Promise<void> {
    try {
      await syncFolder(this.#folder);
    } catch (error) {
      throw translateFileError(error, 'write into', this.location);
    }
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).sort();
    } catch (error) {
      throw translateFileError(error, 'list', this.location);
    }
  }

  #path(id: string, suffix: string): string {
    return join(this.#folder, id + suffix);
  }
}
