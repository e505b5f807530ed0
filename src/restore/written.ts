import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOfFile } from '../files/lines-of-file.js';

/** An object that was written, as the target must list it. */
export interface WrittenObject {
  key: string;
  sizeBytes: number;
  /** The ETag in the answer to our own request; empty if it had none. */
  etag: string;
  /** When the answer came, in milliseconds since 1970 by the clock of this machine. */
  writtenAtMs: number;
}

/** A longer list is written to a file. */
const HELD_CHARACTERS = 1024 * 1024;

/**
 * A list of objects in the order in which they are added. Its file is unlinked as soon as it is open:
 * whatever ends the program, nothing stays behind.
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

  /** Yields all objects, each time it is called. */
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
