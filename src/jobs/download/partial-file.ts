import { rm } from 'node:fs/promises';
import { Md5Thread } from './md5-thread.js';
import { leavePartial, takePartial, type TakenPartial } from './take-partial.js';

/**
 * After this many bytes the disk begins to write, while more arrive. If all were written at the end, a
 * third of the time of a download would be spent waiting for it.
 */
const SYNC_EVERY_BYTES = 32 * 1024 * 1024;

/** The bytes of a download that have arrived. They are appended, hashed and made durable. */
export class PartialFile {
  readonly #taken: TakenPartial;
  readonly #hashed: boolean;
  #md5: Md5Thread | undefined;
  #sizeBytes: number;
  #syncing: Promise<void> | undefined;
  #syncedBytes: number;
  #isSyncing = false;

  private constructor(taken: TakenPartial, hashed: boolean) {
    this.#taken = taken;
    this.#sizeBytes = taken.sizeBytes;
    this.#syncedBytes = taken.sizeBytes;
    this.#hashed = hashed;
    this.#beginMd5();
  }

  /**
   * Opens the partial file, or creates it. If it has more than `maxBytes`, it is emptied. Rejects with
   * `locked` where another run writes it.
   */
  static async open(
    target: string,
    version: string,
    options: { maxBytes: number; hashed: boolean },
  ): Promise<PartialFile> {
    const partial = new PartialFile(await takePartial(target, version), options.hashed);
    try {
      if (partial.sizeBytes > options.maxBytes) await partial.restart();
      return partial;
    } catch (error) {
      await partial.release();
      throw error;
    }
  }

  /** The path at which its bytes stay when it is released. */
  get releasedPath(): string {
    return this.#taken.releasedPath;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Resolves to the MD5 of the file in lower-case hex; `undefined` where it is not hashed. */
  async md5(): Promise<string | undefined> {
    return await this.#md5?.finish(this.#sizeBytes);
  }

  /** The block must not be changed until this resolves. */
  async append(block: Uint8Array): Promise<void> {
    // A write to a disk that is nearly full may be incomplete: the rest is written again.
    for (let written = 0; written < block.length;) {
      const rest = block.length - written;
      const { bytesWritten } = await this.#taken.file.write(block, written, rest, this.#sizeBytes);
      written += bytesWritten;
      this.#sizeBytes += bytesWritten;
    }
    this.#md5?.advance(this.#sizeBytes);
    if (!this.#isSyncing && this.#sizeBytes - this.#syncedBytes >= SYNC_EVERY_BYTES) {
      this.#syncInBackground();
    }
  }

  /** Empties the file, whose bytes do not belong to the object. */
  async restart(): Promise<void> {
    await this.#md5?.close();
    await this.#taken.file.truncate(0);
    this.#sizeBytes = 0;
    this.#syncedBytes = 0;
    this.#beginMd5();
  }

  /** Resolves when the bytes are on the disk. This takes a while, so do other work meanwhile. */
  async sync(): Promise<void> {
    // The kernel reports a failure once: a later call would succeed although bytes are lost.
    this.#syncing = Promise.resolve(this.#syncing).then(() => this.#taken.file.sync());
    // Awaiting it reports a failure.
    this.#syncing.catch(() => undefined);
    await this.#syncing;
  }

  #syncInBackground(): void {
    this.#isSyncing = true;
    this.#syncedBytes = this.#sizeBytes;
    this.#syncing = this.#taken.file.datasync().then(() => {
      this.#isSyncing = false;
    });
    this.#syncing.catch(() => undefined);
  }

  /** Closes a file that is complete. Resolves to its path. */
  async complete(): Promise<string> {
    await this.#close();
    return this.#taken.path;
  }

  /** Leaves the bytes to the next run. An empty file is removed. */
  async release(): Promise<void> {
    await this.#close();
    await leavePartial({ ...this.#taken, sizeBytes: this.#sizeBytes });
  }

  async discard(): Promise<void> {
    await this.#close();
    await rm(this.#taken.path, { force: true });
  }

  /** The thread reads through our descriptor, so it ends first. */
  async #close(): Promise<void> {
    await this.#md5?.close();
    await this.#syncing?.catch(() => undefined);
    await this.#taken.file.close();
  }

  #beginMd5(): void {
    if (!this.#hashed) return;
    this.#md5 = new Md5Thread(this.#taken.file.fd);
    this.#md5.advance(this.#sizeBytes);
  }
}
