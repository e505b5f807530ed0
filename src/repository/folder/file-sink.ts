import type { FileHandle } from 'node:fs/promises';
import type { ArchiveSink } from '../../archive/sink.js';
import { type RunningDigest, cryptoThread } from '../../threads/crypto-thread.js';
import { translateFileError } from '../../files/errors.js';
import { DRAFT_ADVICE } from '../archive-draft.js';

/**
 * A background sync begins after this many bytes: the final sync then has little left to do, and a
 * long backup does not fill the page cache with dirty pages.
 */
const SYNC_EVERY_BYTES = 64 * 1024 * 1024;

/** Appends to a file and computes the SHA-256 of everything written. */
export class FileSink implements ArchiveSink {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #digest = cryptoThread().beginDigest();
  #isDigestLent = false;
  #bytes = 0;
  #unsyncedBytes = 0;
  #syncing: Promise<void> | undefined;
  #syncFailure: { error: unknown } | undefined;

  constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  lendDigest(): RunningDigest {
    this.#isDigestLent = true;
    return this.#digest;
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#writeAll(chunks);
      if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
    } catch (error) {
      throw translateFileError(error, 'write', this.#path, DRAFT_ADVICE);
    }
  }

  /**
   * Counts bytes that the file already holds. The caller has read them through the same handle, so the
   * next write goes behind them.
   */
  async adopt(chunk: Uint8Array): Promise<void> {
    await this.#digest.update([chunk]);
    this.#bytes += chunk.length;
  }

  /**
   * Makes the bytes durable, and resolves to their number and digest. The caller closes the file.
   */
  async end(): Promise<{ bytes: number; sha256: string }> {
    try {
      await this.#syncing;
      if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
      await this.#file.sync();
    } catch (error) {
      throw translateFileError(error, 'write', this.#path, DRAFT_ADVICE);
    }
    return { bytes: this.#bytes, sha256: await this.#digest.finish() };
  }

  async #writeAll(chunks: readonly Uint8Array[]): Promise<void> {
    const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    // The caller may reuse its memory when both have ended.
    const [written, digested] = await Promise.allSettled([
      this.#file.writev(chunks),
      this.#isDigestLent ? undefined : this.#digest.update(chunks),
    ]);
    if (written.status === 'rejected') throw written.reason;
    if (digested.status === 'rejected') throw digested.reason;
    let { bytesWritten } = written.value;
    // A write may be short (a signal, a nearly full disk): the rest is written again.
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
