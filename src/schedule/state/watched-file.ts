import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Detects that a file has changed: by its place on the disk, its size and its time. */
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

  /** Whether it has changed and may still be changing: check again soon. */
  get isSettling(): boolean {
    return this.#changing !== undefined;
  }

  /**
   * Resolves to true once for each change, when two checks have found the same: before, the file may be
   * half written. A file that is gone for a moment, while an editor saves it, has not changed.
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

/**
 * Calls `onChange` with the name of each file that changes in a folder. Some network file systems
 * report no changes, and a system may have no watches left: callers check now and then too. Returns a
 * function that ends it.
 */
export function watchFolder(folder: string, onChange: (name: string | null) => void): () => void {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name));
    watcher.on('error', () => watcher.close());
    return () => watcher.close();
  } catch {
    return () => undefined;
  }
}
