import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { ArchiveSink } from '../../archive/sink.js';
import { translateFileError } from '../../files/errors.js';
import { DRAFT_ADVICE } from '../archive-draft.js';

/**
 * So many bytes are handed to the disk in the background while the next ones come: the sync at the
 * end then has little left to do, and a long backup does not fill the page cache with dirty pages.
 */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024;

/** Appends to a file and keeps the SHA-256 of all that was written. */
export class FileSink implements ArchiveSink {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #unsyncedBytes = 0;
  #syncing: Promise<void> | undefined;
  #syncFailure: { error: unknown } | undefined;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#writeAll(chunks);
      if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
    } catch (error) {
      throw translateFileError(error, 'write', this.#path, DRAFT_ADVICE);
    }
  }

  /** Makes the bytes durable; resolves with what was written. The caller closes the file. */
  async end(): Promise<{ bytes: number; sha256: string }> {
    try {
      await this.#syncing;
      if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
      await this.#file.sync();
    } catch (error) {
      throw translateFileError(error, 'write', this.#path, DRAFT_ADVICE);
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async #writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    // Hashed while the thread pool writes.
    const writing = this.#file.writev(chunks);
    let total = 0;
    for (const chunk of chunks) {
      this.#hash.update(chunk);
      total += chunk.length;
    }
    let { bytesWritten } = await writing;
    // A write may be cut short (a signal, a disk that is nearly full): the rest is written again.
    for (const chunk of bytesWritten < total ? chunks : []) {
      const skipped = Math.min(bytesWritten, chunk.length);
      bytesWritten -= skipped;
      let rest = chunk.subarray(skipped);
      while (rest.length > 0) {
        const { bytesWritten: written } = await this.#file.write(rest);
        rest = rest.subarray(written);
      }
    }
    this.#bytes += total;
    this.#unsyncedBytes += total;
    if (this.#unsyncedBytes >= SYNC_EVERY_BYTES && this.#syncing === undefined) this.#beginSync();
  }

  #beginSync(): void {
    this.#unsyncedBytes = 0;
    this.#syncing = this.#file
      .datasync()
      .catch((error: unknown) => {
        this.#syncFailure ??= { error };
      })
      .finally(() => {
        this.#syncing = undefined;
      });
  }
}
