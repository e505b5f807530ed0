import { countOf, formatCount } from '../../count-of.js';
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { syncFolder } from '../../files/sync.js';
import { DRAFT_ADVICE } from '../archive-draft.js';
import { walkTree } from './plain-files.js';

/**
 * Error codes for a name that a file system cannot give to a new file: another file or folder has
 * it (perhaps in another spelling), it is too long, or it has forbidden characters.
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

export interface NewFile {
  /** The path below the root, with `/`. */
  path: string;
  handle: FileHandle;
}

/** A tree of new files below a folder of our own, written concurrently. */
export class PlainTree {
  readonly work = new BoundedWork();
  readonly #root: string;
  #lastFolder = '';
  #files = 0;
  #bytes = 0;

  /** `root` is an existing, empty folder. */
  constructor(root: string) {
    this.#root = root;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Creates a file under the first name that is free. Only the file system knows which names are
   * equal to it (`A` and `a`, or two ways to write `é`), so each name is tried.
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

  async append({ path, handle }: NewFile, chunks: readonly Uint8Array[]): Promise<void> {
    try {
      // `writeFile` on a handle appends, and writes the whole chunk.
      for (const chunk of chunks) await handle.writeFile(chunk);
    } catch (error) {
      throw translateFileError(error, 'write', join(this.#root, path), DRAFT_ADVICE);
    }
  }

  /**
   * Waits for the writes of a file, makes it durable and closes it. `onWritten` is called when the
   * memory of the content is free. Each file is synced at once, concurrently with others, so only
   * folders are left to sync at the end.
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
        // An invalid time from the store is no reason to fail.
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

  async remove({ path, handle }: NewFile): Promise<void> {
    try {
      await handle.close();
      await unlink(join(this.#root, path));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return;
      throw translateFileError(error, 'remove', join(this.#root, path));
    }
  }

  /** Makes the names of all files durable. Rejects if files are missing or were added by others. */
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
      `${this.#root} was changed during the backup: it holds ${countOf(found, 'file')}, but ${formatCount(this.#files)} ${this.#files === 1 ? 'was' : 'were'} written`,
      {
        hint: 'Make sure that nothing else writes into the destination, and run the backup again.',
      },
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

/** The number of concurrent tasks, so that their waits for the disk overlap. */
const MAX_TASKS = 16;
/** If more than this is waiting for the disk, the producer waits too. */
const MAX_PENDING_BYTES = 6 * 1024 * 1024;

/** Runs tasks concurrently within limits. A failure rejects every later call. */
export class BoundedWork {
  #tasks = 0;
  #pendingBytes = 0;
  #waiting: (() => void)[] = [];
  #failure: { error: unknown } | undefined;

  /** Begins a task. `weightBytes` estimates the bytes that it holds in memory. */
  begin(weightBytes: number, task: () => Promise<void>): void {
    this.#tasks += 1;
    this.#pendingBytes += weightBytes;
    void this.#run(weightBytes, task);
  }

  async ready(): Promise<void> {
    while (this.#tasks >= MAX_TASKS || this.#pendingBytes > MAX_PENDING_BYTES) {
      await this.#change();
    }
    this.#throwFailure();
  }

  async drained(): Promise<void> {
    await this.settled();
    this.#throwFailure();
  }

  /** Resolves when no task is running, even after a failure. */
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
