import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { OWN_FOLDER } from '../state/own-folder.js';

/** A run that prints more loses the beginning of its log: up to twice as much is kept. */
const MOST_BYTES = 8 * 1024 * 1024;
/** The most logs of one entry. */
const MOST_FILES = 100;

/**
 * Keeps what a run prints in a file. A full disk ends the log and not the run: `failure` then says
 * why.
 */
export class RunLog {
  readonly #path: string;
  readonly #maxBytes: number;
  #file: FileHandle | undefined;
  #sizeBytes = 0;
  #failure: unknown;

  private constructor(file: string, maxBytes: number) {
    this.#path = file;
    this.#maxBytes = maxBytes;
  }

  /** Never rejects. Logs of earlier runs beside it are removed, but for the newest hundred. */
  static async open(file: string, maxBytes = MOST_BYTES): Promise<RunLog> {
    const log = new RunLog(file, maxBytes);
    try {
      await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
      await removeOld(path.dirname(file));
      log.#file = await open(file, 'w', 0o600);
    } catch (error) {
      log.#failure = error;
    }
    return log;
  }

  /** Why the log is incomplete; `undefined` where all was written. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Never rejects. One write at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined) return;
    try {
      if (this.#sizeBytes > this.#maxBytes) await this.#beginAnew();
      await this.#file.writeFile(bytes);
      this.#sizeBytes += bytes.length;
    } catch (error) {
      this.#failure ??= error;
      await this.close();
    }
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch((error: unknown) => {
      this.#failure ??= error;
    });
  }

  async #beginAnew(): Promise<void> {
    await this.#file?.close();
    await rename(this.#path, `${this.#path}.1`);
    this.#file = await open(this.#path, 'w', 0o600);
    this.#sizeBytes = 0;
  }
}

/** Their names begin with the time. */
async function removeOld(folder: string): Promise<void> {
  const files = (await readdir(folder)).filter((file) => /\.log(\.1)?$/.test(file)).sort();
  const old = files.slice(0, Math.max(0, files.length - MOST_FILES + 1));
  for (const file of old) await rm(path.join(folder, file), { force: true });
}

/** Returns the path of a run's log in the state folder: the logs of an entry lie together, by time. */
export function logPathOf(name: string, startedAt: Date): string {
  const time = startedAt.toISOString().replaceAll(':', '').replace('.', '-');
  return path.join(OWN_FOLDER, 'runs', name, `${time}.log`);
}
