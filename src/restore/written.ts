import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOfFile } from '../files/lines-of-file.js';

/** A written object, as the target must list it. */
export interface WrittenObject {
  key: string;
  sizeBytes: number;
  /** The ETag in the answer to our request; empty if it had none. */
  etag: string;
  /** The time at which the answer arrived, in ms since 1970 by this machine's clock. */
  writtenAtMs: number;
}

const HELD_CHARACTERS = 1024 * 1024;

/**
 * A list of objects in the order in which they were added. Its file is unlinked as soon as it is
 * open, so nothing stays behind however the program ends.
 */
export class WrittenObjects {
  count = 0;
  #held: string[] = [];
  #heldCharacters = 0;
  #file: FileHandle | undefined;

  async add(object: WrittenObject): Promise<void> {
    const { key, sizeBytes, etag, writtenAtMs } = object;
    const line = `${JSON.stringify([key, sizeBytes, etag, writtenAtMs])}\n`;
    this.count += 1;
    this.#held.push(line);
    this.#heldCharacters += line.length;
    if (this.#heldCharacters >= HELD_CHARACTERS) await this.#spool();
  }

  /** Yields all objects. It may be called again. */
  async *read(): AsyncGenerator<WrittenObject> {
    if (this.#file !== undefined) {
      for await (const line of linesOfFile(this.#file)) yield decode(line);
    }
    for (const line of this.#held) yield decode(line);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#held = [];
  }

  async #spool(): Promise<void> {
    this.#file ??= await openNameless();
    await this.#file.appendFile(this.#held.join(''));
    this.#held = [];
    this.#heldCharacters = 0;
  }
}

function decode(line: string): WrittenObject {
  const [key, sizeBytes, etag, writtenAtMs] = JSON.parse(line) as [string, number, string, number];
  return { key, sizeBytes, etag, writtenAtMs };
}

async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `mangamotion-written-${randomUUID()}`);
  const file = await open(path, 'ax+', 0o600);
  await unlink(path);
  return file;
}
