import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ArchiveWriter } from '../archive/archive-writer.js';
import { TarArchiveWriter } from '../archive/tar-archive-writer.js';
import type { PendingBackup, SealedArchive } from './destination.js';
import { errnoOf, translateFileError } from './file-errors.js';
import { FileSink } from './file-sink.js';
import { ARCHIVE_SUFFIX, PARTIAL_SUFFIX, SUMMARY_SUFFIX } from './names.js';
import { type Summary, encodeSummary } from './summary.js';

/** A backup that is being written into a folder, under names that nobody takes for a backup. */
export class PendingFolderBackup implements PendingBackup {
  readonly id: string;
  readonly createdAt: Date;
  readonly writer: ArchiveWriter;
  readonly #sink: FileSink;
  readonly #archive: string;
  readonly #summary: string;
  readonly #file: FileHandle;
  #open = true;
  /** Files that are ours alone until the commit. */
  readonly #own = new Set<string>();

  constructor(folder: string, id: string, createdAt: Date, file: FileHandle) {
    this.id = id;
    this.createdAt = createdAt;
    this.#archive = join(folder, id + ARCHIVE_SUFFIX);
    this.#summary = join(folder, id + SUMMARY_SUFFIX);
    this.#file = file;
    this.#sink = new FileSink(file, this.#archive);
    this.writer = new TarArchiveWriter(this.#sink, id, createdAt);
    this.#own.add(this.#archive + PARTIAL_SUFFIX);
  }

  async seal(): Promise<SealedArchive> {
    const written = await this.#sink.end();
    await this.#close();
    await this.#publish(this.#archive);
    return { file: basename(this.#archive), ...written };
  }

  async commit(summary: Summary): Promise<void> {
    const partial = this.#summary + PARTIAL_SUFFIX;
    try {
      const file = await open(partial, 'wx', 0o600);
      this.#own.add(partial);
      try {
        await file.writeFile(encodeSummary(summary));
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      throw translateFileError(error, 'write', partial);
    }
    await this.#publish(this.#summary);
    this.#own.clear();
  }

  async discard(): Promise<void> {
    await this.#close();
    // The summary first: an archive without one is no backup, but the reverse would look damaged.
    for (const path of [...this.#own].reverse()) {
      try {
        await unlink(path);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'remove', path);
      }
    }
    this.#own.clear();
  }

  async #publish(path: string): Promise<void> {
    try {
      await rename(path + PARTIAL_SUFFIX, path);
      this.#own.delete(path + PARTIAL_SUFFIX);
      this.#own.add(path);
      await syncFolder(dirname(path));
    } catch (error) {
      throw translateFileError(error, 'write', path);
    }
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}

/** A rename is durable when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
