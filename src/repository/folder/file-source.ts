import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { MangamotionError } from '../../errors.js';
import type { ClosableSource } from '../../archive/sink.js';
import { translateFileError } from '../../files/errors.js';

/** O_NONBLOCK: opening a pipe without a writer must not block. It is refused afterwards. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

export class FileSource implements ClosableSource {
  readonly sizeBytes: number;
  readonly #file: FileHandle;
  readonly #path: string;

  private constructor(file: FileHandle, path: string, sizeBytes: number) {
    this.#file = file;
    this.#path = path;
    this.sizeBytes = sizeBytes;
  }

  static async open(path: string): Promise<FileSource> {
    let file: FileHandle | undefined;
    try {
      file = await open(path, FLAGS);
      const stat = await file.stat();
      if (!stat.isFile()) throw new MangamotionError('damaged', `${path} is not a file`);
      return new FileSource(file, path, stat.size);
    } catch (error) {
      await file?.close();
      throw translateFileError(error, 'read', path);
    }
  }

  async read(offset: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    try {
      while (filled < length) {
        const { bytesRead } = await this.#file.read(
          buffer,
          filled,
          length - filled,
          offset + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw translateFileError(error, 'read', this.#path);
    }
    if (filled < length) {
      throw new MangamotionError('damaged', `${this.#path} ends at byte ${offset + filled}`);
    }
    return buffer;
  }

  async close(): Promise<void> {
    // A closed handle has no descriptor, so `close` may be called again.
    if (this.#file.fd >= 0) await this.#file.close();
  }
}
