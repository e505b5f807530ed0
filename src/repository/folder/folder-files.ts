import { constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { countOf, formatCount } from '../../count-of.js';
import { LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
import type { ClosableSource } from '../../archive/sink.js';
import { MangamotionError } from '../../errors.js';
import { readSmallFile } from '../../files/bounded.js';
import { inParallel } from '../../in-parallel.js';
import { UnfitFileError, errnoOf, translateFileError } from '../../files/errors.js';
import { PARTIAL_SUFFIX, syncFolder } from '../../files/sync.js';
import type { FileErrorAdvice } from '../../files/errors.js';
import type { BackupFiles, IncomingFile } from '../backup-files.js';
import {
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  partIdOf,
  reservedIdOf,
} from '../names.js';
import { FileSink } from './file-sink.js';
import { FileSource } from './file-source.js';
import { removeFile } from './folder-removal.js';

const ADVICE: FileErrorAdvice = {
  full: 'What was copied stays, and the next run continues it.',
};
/** Each takes a round trip on a network file system. */
const STATS_AT_ONCE = 16;
/** What an interrupted copy left is read in pieces of this size. */
const READ_BYTES = 4 * 1024 * 1024;
/** O_NONBLOCK: opening a pipe must not block. It is refused afterwards. */
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The files of the backups in a folder. */
export class FolderFiles implements BackupFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  async names(beginning = ''): Promise<Map<string, number | undefined>> {
    try {
      const all = await readdir(this.folder);
      const names = all.filter((name) => name.startsWith(beginning));
      const bytes = await inParallel(STATS_AT_ONCE, names, (name) => this.#lengthOf(name));
      return new Map(names.map((name, at) => [name, bytes[at]]));
    } catch (error) {
      throw translateFileError(error, 'list', this.folder);
    }
  }

  async #lengthOf(name: string): Promise<number | undefined> {
    const isAsked =
      name.endsWith(SIDECAR_SUFFIX) ||
      name.endsWith(SUMMARY_SUFFIX + PARTIAL_SUFFIX) ||
      partIdOf(name) !== undefined;
    if (!isAsked) return undefined;
    return await stat(this.#path(name)).then(
      ({ size }) => size,
      () => undefined,
    );
  }

  async readSummary(id: string): Promise<Buffer | undefined> {
    const path = this.#path(id + SUMMARY_SUFFIX);
    try {
      return (await readSmallFile(path, { mostBytes: LARGEST_SUMMARY_BYTES })).bytes;
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      if (!(error instanceof UnfitFileError)) throw translateFileError(error, 'read', path);
      throw new MangamotionError('damaged', `cannot read ${path}: ${error.message}`);
    }
  }

  async open(name: string, sizeBytes: number): Promise<ClosableSource> {
    const path = this.#path(name);
    const source = await FileSource.open(path).catch((error: unknown) => {
      if (!(error instanceof MangamotionError) || error.code !== 'not_found') throw error;
      throw new MangamotionError('damaged', `${path} is missing`, {
        hint: 'Put it back beside its summary, or use another backup.',
        cause: error,
      });
    });
    if (source.sizeBytes === sizeBytes) return source;
    await source.close();
    throw new MangamotionError(
      'damaged',
      `${path} has ${countOf(source.sizeBytes, 'byte')}, but its summary says ${formatCount(sizeBytes)}`,
    );
  }

  async receive(name: string, sizeBytes: number): Promise<IncomingFile> {
    const partial = this.#path(name + PARTIAL_SUFFIX);
    try {
      await this.#takeBack(name);
      const found = await lstat(partial).catch(() => undefined);
      const isUsable = found?.isFile() === true && found.size <= sizeBytes;
      if (!isUsable) await rm(partial, { recursive: true, force: true });
      const file = await open(partial, FLAGS, 0o600);
      try {
        return await IncomingFolderFile.adopt(file, this.#path(name));
      } catch (error) {
        await file.close();
        throw error;
      }
    } catch (error) {
      throw translateFileError(error, 'write', partial, ADVICE);
    }
  }

  async announce(id: string, summary: Buffer): Promise<void> {
    await this.#writePartial(id + SUMMARY_SUFFIX, summary);
  }

  async sign(id: string, signature: Buffer): Promise<void> {
    await this.#writePartial(id + SIGNATURE_SUFFIX, signature);
    await publish(this.#path(id + SIGNATURE_SUFFIX), this.folder);
  }

  async #writePartial(name: string, bytes: Buffer): Promise<void> {
    const path = this.#path(name + PARTIAL_SUFFIX);
    try {
      await rm(path, { recursive: true, force: true });
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(this.folder);
    } catch (error) {
      throw translateFileError(error, 'write', path, ADVICE);
    }
  }

  async commit(id: string): Promise<void> {
    await publish(this.#path(id + SUMMARY_SUFFIX), this.folder);
  }

  async withdraw(id: string): Promise<void> {
    await removeFile(this.#path(id + SUMMARY_SUFFIX + PARTIAL_SUFFIX));
  }

  async discard(name: string): Promise<void> {
    await removeFile(this.#path(name));
  }

  /**
   * Gives an archive that was complete before its summary its temporary name back, so that its bytes
   * are checked again.
   */
  async #takeBack(name: string): Promise<void> {
    const names = new Set(await readdir(this.folder));
    const isCommitted = names.has((reservedIdOf(name) ?? name) + SUMMARY_SUFFIX);
    if (isCommitted || !names.has(name)) return;
    await rename(this.#path(name), this.#path(name + PARTIAL_SUFFIX));
  }

  #path(name: string): string {
    return join(this.folder, name);
  }
}

/** Takes the temporary suffix away. */
export async function publish(path: string, folder: string): Promise<void> {
  try {
    await rename(path + PARTIAL_SUFFIX, path);
    await syncFolder(folder);
  } catch (error) {
    throw translateFileError(error, 'write', path, ADVICE);
  }
}

class IncomingFolderFile implements IncomingFile {
  readonly adoptedBytes: number;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #sink: FileSink;

  private constructor(file: FileHandle, path: string, sink: FileSink, adoptedBytes: number) {
    this.#file = file;
    this.#path = path;
    this.#sink = sink;
    this.adoptedBytes = adoptedBytes;
  }

  /** Reads what the file holds, so that writing goes on behind it. */
  static async adopt(file: FileHandle, path: string): Promise<IncomingFolderFile> {
    const sink = new FileSink(file, path);
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    let adopted = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return new IncomingFolderFile(file, path, sink, adopted);
      await sink.adopt(buffer.subarray(0, bytesRead));
      adopted += bytesRead;
    }
  }

  write(chunks: readonly Uint8Array[]): Promise<void> {
    return this.#sink.write(chunks);
  }

  async end(): Promise<{ bytes: number; sha256: string }> {
    const written = await this.#sink.end();
    await this.#close();
    return written;
  }

  async publish(): Promise<void> {
    const folder = join(this.#path, '..');
    await publish(this.#path, folder);
  }

  async leave(): Promise<boolean> {
    await this.#close();
    return true;
  }

  async discard(): Promise<void> {
    await this.#close();
    await removeFile(this.#path + PARTIAL_SUFFIX);
  }

  async #close(): Promise<void> {
    // A closed handle has no descriptor.
    if (this.#file.fd >= 0) await this.#file.close();
  }
}
