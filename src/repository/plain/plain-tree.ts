import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { syncFolder } from '../../files/sync.js';
import { DRAFT_ADVICE } from '../archive-draft.js';
import { walkTree } from './plain-files.js';

/**
 * What a file system says to a name that it cannot give to a file: another file or folder has it
 * (in its own spelling of it), it is too long, or has characters that are not allowed there.
 */
const NAME_REFUSED = new Set([
  'EEXIST',
  'EISDIR',
  'ENOTDIR',
  'ENAMETOOLONG',
  'EINVAL',
  'EILSEQ',
  'ELOOP',
]);

/** A file of the tree that is being written. */
export interface NewFile {
  /** The path below the root, with `/`. */
  path: string;
  handle: FileHandle;
}

/** A tree of files below a folder of our own, written many at a time; each exists only once. */
export class PlainTree {
  readonly work = new BoundedWork();
  readonly #root: string;
  #lastFolder = '';
  #files = 0;
  #bytes = 0;

  /** The folder is there and empty. */
  constructor(root: string) {
    this.#root = root;
  }

  /** The size of all finished files. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Creates a file under the first of the names that the file system has free. Only it knows which
   * names are the same to it (`A` and `a`, or two ways to write `é`), so it is asked: by creating.
   */
  async create(names: readonly string[]): Promise<NewFile> {
    for (const [index, path] of names.entries()) {
      try {
        return { path, handle: await this.#open(path) };
      } catch (error) {
        const isLast = index === names.length - 1;
        if (isLast || !NAME_REFUSED.has(errnoOf(error) ?? '')) {
          throw translateFileError(error, 'write', join(this.#root, path), DRAFT_ADVICE);
        }
      }
    }
    throw new RangeError('a file without a name');
  }

  /** Writes the chunks at the end of the file. */
  async append({ path, handle }: NewFile, chunks: readonly Uint8Array[]): Promise<void> {
    try {
      // Each goes on where the one before ended, and is written whole.
      for (const chunk of chunks) await handle.writeFile(chunk);
    } catch (error) {
      throw translateFileError(error, 'write', join(this.#root, path), DRAFT_ADVICE);
    }
  }

  /**
   * Waits for the writing of a file, makes it durable and closes it. `onWritten` is called when what
   * was written from is free. Each file is synced as soon as it is written, beside the writing of
   * others and the reading of the next: what is left to do at the end are the folders.
   */
  async finish(
    { path, handle }: NewFile,
    writing: Promise<void>,
    { sizeBytes, modifiedAt }: { sizeBytes: number; modifiedAt: Date },
    onWritten: () => void = () => undefined,
  ): Promise<void> {
    try {
      try {
        await writing;
        onWritten();
        // A time that the store wrote in its own way is no reason to fail.
        if (!Number.isNaN(modifiedAt.getTime())) await handle.utimes(modifiedAt, modifiedAt);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw translateFileError(error, 'write', join(this.#root, path), DRAFT_ADVICE);
    }
    this.#files += 1;
    this.#bytes += sizeBytes;
  }

  /** Closes a file that is not finished, and removes it. */
  async remove({ path, handle }: NewFile): Promise<void> {
    try {
      await handle.close();
      await unlink(join(this.#root, path));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw translateFileError(error, 'remove', join(this.#root, path));
    }
  }

  /**
   * Makes the names of the files durable. Rejects where files are missing, or are there that were
   * not written: somebody was at work in the folder.
   */
  async sync(): Promise<void> {
    await this.work.drained();
    let found = 0;
    try {
      await syncFolder(this.#root);
      for await (const { path, kind } of walkTree(this.#root)) {
        if (kind !== 'folder') found += 1;
        else {
          await this.work.ready();
          this.work.begin(0, () => syncFolder(join(this.#root, path)));
        }
      }
      await this.work.drained();
    } catch (error) {
      throw translateFileError(error, 'write', this.#root, DRAFT_ADVICE);
    }
    if (found === this.#files) return;
    throw new MangamotionError(
      'disk',
      `${this.#root} holds ${found} files, and ${this.#files} were written: it was changed meanwhile`,
      { hint: 'Let nothing else write into the destination, and run the backup again.' },
    );
  }

  async #open(path: string): Promise<FileHandle> {
    const folder = dirname(path);
    if (folder !== this.#lastFolder) {
      await mkdir(join(this.#root, folder), { recursive: true, mode: 0o700 });
      this.#lastFolder = folder;
    }
    return await open(join(this.#root, path), 'wx', 0o600);
  }
}

/** How many files are written or synced at once, so that their waits for the disk overlap. */
const MAX_TASKS = 16;
/** How much may wait for the disk before the producer has to wait as well. */
const MAX_PENDING_BYTES = 6 * 1024 * 1024;

/** Runs tasks concurrently within limits. A failure rejects every later call. */
export class BoundedWork {
  #tasks = 0;
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #failure: { error: unknown } | undefined;

  /** Begins a task at once, whose weight is about the bytes that it holds in memory. */
  begin(weightBytes: number, task: () => Promise<void>): void {
    this.#tasks += 1;
    this.#pendingBytes += weightBytes;
    void this.#run(weightBytes, task);
  }

  /** Resolves when there is room for more. */
  async ready(): Promise<void> {
    while (this.#tasks >= MAX_TASKS || this.#pendingBytes > MAX_PENDING_BYTES) {
      await this.#change();
    }
    this.#throwFailure();
  }

  /** Resolves when everything begun so far is done. */
  async drained(): Promise<void> {
    await this.settled();
    this.#throwFailure();
  }

  /** Resolves when nothing is being done any more, whatever became of it. */
  async settled(): Promise<void> {
    while (this.#tasks > 0) await this.#change();
  }

  async #run(weightBytes: number, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#tasks -= 1;
      this.#pendingBytes -= weightBytes;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
