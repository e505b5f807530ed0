import type { Stats } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { inParallel } from '../../in-parallel.js';
import { marksBeside, noSuchBackup } from '../backup-entry.js';
import type { BackupEntry } from '../destination.js';
import { plainBytesOf } from '../encryption/open-encrypted.js';
import { SharedRecords } from '../encryption/shared-records.js';
import { isEncrypted } from '../encryption-choice.js';
import { bySequence } from '../history.js';
import {
  ARCHIVE_SUFFIX,
  DIRECTORY_FILE,
  ENCRYPTED_SUFFIX,
  SIDECAR_SUFFIX,
  SUMMARY_SUFFIX,
  backupIdOf,
} from '../names.js';
import { PartSizes } from '../parts.js';
import { decodeSummary } from '../summary-codec.js';
import type { DecodedSummary } from '../summary.js';
import { FileSource } from './file-source.js';

/** The number of summaries read at once: each takes a round trip on a network file system. */
const READ_AT_ONCE = 16;

/** What backups a folder holds, by their summaries and the files beside them. */
export class FolderEntries {
  readonly #location: string;
  readonly #folder: string;

  /** `location`: the folder as the user wrote it; `folder`: its whole path. */
  constructor(location: string, folder: string) {
    this.#location = location;
    this.#folder = folder;
  }

  async list(): Promise<BackupEntry[]> {
    const names = await this.names();
    const ids = names
      .filter((name) => name.endsWith(SUMMARY_SUFFIX))
      .map(backupIdOf)
      .filter((id) => id !== undefined);
    const present = new Set(names);
    const records = new SharedRecords();
    const parts = this.#partSizes();
    const find = (id: string) => this.#find(id, present, records, parts);
    const found = await inParallel(READ_AT_ONCE, ids, find);
    // A backup that was pruned after the folder was read is missing.
    return found.filter((backup) => backup !== undefined).sort(bySequence);
  }

  async read(id: string): Promise<BackupEntry> {
    const names = new Set(await this.names());
    const backup = await this.#find(id, names);
    if (backup !== undefined) return backup;
    throw noSuchBackup(id, this.#location, (await this.#archiveBytes(id)) !== null);
  }

  /** `names`: of all files in the folder. */
  async #find(
    id: string,
    names: ReadonlySet<string>,
    records = new SharedRecords(),
    parts = this.#partSizes(),
  ): Promise<BackupEntry | undefined> {
    const path = this.#path(id, SUMMARY_SUFFIX);
    try {
      const summary = records.in(await readSummary(path));
      const archiveBytes = await this.#archiveBytes(id, summary);
      return {
        ...{ id, summary, archiveBytes },
        ...marksBeside(id, names),
        ...(isEncrypted({ summary }) ? { sidecarBytes: await this.#sidecarBytes(id) } : {}),
        ...(await parts.of({ summary })),
      };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw translateFileError(error, 'read', path);
    }
  }

  /**
   * Resolves to the archive's size. For a plain folder this is the size in the summary, corrected
   * by the directory's actual length, because counting all files would take too long.
   */
  async #archiveBytes(id: string, decoded?: DecodedSummary): Promise<number | null> {
    const isEncrypted = decoded?.kind === 'valid' && decoded.summary.encryption !== undefined;
    const suffix = isEncrypted ? ENCRYPTED_SUFFIX : ARCHIVE_SUFFIX;
    const archive = await statOf(this.#path(id, suffix));
    if (archive !== undefined) return archive.size;
    if (isEncrypted) return null;
    const folder = await statOf(this.#path(id, ''));
    if (folder?.isDirectory() !== true) return await this.#bytesEncryptedByHand(id);
    const directory = await statOf(join(this.#path(id, ''), DIRECTORY_FILE));
    const directoryBytes = directory?.size ?? 0;
    if (decoded?.kind !== 'valid') return directoryBytes;
    const { archive_bytes: bytes, archive: written } = decoded.summary;
    return Math.max(0, bytes - written.directory.length + directoryBytes);
  }

  /** The sizes of parts, for one listing. */
  #partSizes(): PartSizes {
    return new PartSizes(async (file) => {
      const found = await statOf(this.#path(file, ''));
      return found?.isFile() === true ? found.size : null;
    });
  }

  async #sidecarBytes(id: string): Promise<number | null> {
    const sidecar = await statOf(this.#path(id, SIDECAR_SUFFIX));
    return sidecar?.isFile() === true ? sidecar.size : null;
  }

  /** Resolves to the size before encryption, because the summary tells that one. */
  async #bytesEncryptedByHand(id: string): Promise<number | null> {
    const path = this.#path(id, ENCRYPTED_SUFFIX);
    if ((await statOf(path))?.isFile() !== true) return null;
    const source = await FileSource.open(path);
    try {
      return await plainBytesOf(source, id);
    } finally {
      await source.close();
    }
  }

  /** Resolves to the sorted names of all files in the folder. */
  async names(): Promise<string[]> {
    try {
      return (await readdir(this.#folder)).sort();
    } catch (error) {
      throw translateFileError(error, 'list', this.#location);
    }
  }

  #path(id: string, suffix: string): string {
    return join(this.#folder, id + suffix);
  }
}

/** Resolves to `undefined` if there is nothing. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw translateFileError(error, 'read', path);
  }
}

/** Anything but a file is not opened: reading a pipe would never end. */
async function readSummary(path: string): Promise<DecodedSummary> {
  const found = await stat(path);
  if (!found.isFile()) return { kind: 'damaged', reason: 'the summary is not a file' };
  return found.size > LARGEST_SUMMARY_BYTES
    ? { kind: 'damaged', reason: 'the summary is too large' }
    : decodeSummary(await readFile(path));
}
