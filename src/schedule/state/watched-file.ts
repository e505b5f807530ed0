import { stat } from 'node:fs/promises';

/** Tells when a file has become another one: by its place on the disk, its size and its time. */
export class WatchedFile {
  readonly #path: string;
  #seen: string;
  #changing: string | undefined;

  private constructor(path: string, seen: string) {
    this.#path = path;
    this.#seen = seen;
  }

  static async open(path: string): Promise<WatchedFile> {
    return new WatchedFile(path, await markOf(path));
  }

  /** Whether it has changed and may go on doing so: look again soon. */
  get isSettling(): boolean {
    return this.#changing !== undefined;
  }

  /**
   * True once for each change, when two looks have found the same: it may be half written before. A
   * file that is gone for a moment, as editors do it, has not changed.
   */
  async hasChanged(): Promise<boolean> {
    const mark = await markOf(this.#path);
    const isSettled = mark === this.#changing;
    this.#changing = undefined;
    if (mark === GONE || mark === this.#seen) return false;
    if (isSettled) this.#seen = mark;
    else this.#changing = mark;
    return isSettled;
  }
}

const GONE = '';

async function markOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs].join(' ');
  } catch {
    return GONE;
  }
}
