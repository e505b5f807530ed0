import { stat } from 'node:fs/promises';

/** Tells when a file has become another one: by its place on the disk, its size and its time. */
export class WatchedFile {
  readonly #path: string;
  #seen: string;

  private constructor(path: string, seen: string) {
    this.#path = path;
    this.#seen = seen;
  }

  static async open(path: string): Promise<WatchedFile> {
    return new WatchedFile(path, await markOf(path));
  }

  /** True once for each change. A file that is gone for a moment, as editors do it, has not changed. */
  async hasChanged(): Promise<boolean> {
    const mark = await markOf(this.#path);
    if (mark === GONE || mark === this.#seen) return false;
    this.#seen = mark;
    return true;
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
