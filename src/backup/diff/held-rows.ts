import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOfFile } from '../../files/lines-of-file.js';
import type { DiffRow } from './row.js';

/** Rows up to this size are held in memory, the rest in a file. */
const HELD_CHARACTERS = 1024 * 1024;

/**
 * Rows that may prove wrong until the listing of their bucket has ended. The file is unlinked as soon
 * as it is open, so nothing stays behind however the program ends.
 */
export class HeldRows {
  #lines: string[] = [];
  #characters = 0;
  #file: FileHandle | undefined;

  async add(row: DiffRow): Promise<void> {
    const line = `${JSON.stringify(row)}\n`;
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#characters < HELD_CHARACTERS) return;
    this.#file ??= await openNameless();
    await this.#file.appendFile(this.#lines.join(''));
    this.#lines = [];
    this.#characters = 0;
  }

  /** Yields the rows in the order in which they were added. */
  async *read(): AsyncGenerator<DiffRow> {
    if (this.#file !== undefined) {
      for await (const line of linesOfFile(this.#file)) yield JSON.parse(line) as DiffRow;
    }
    for (const line of this.#lines) yield JSON.parse(line) as DiffRow;
  }

  /** Forgets all rows. */
  async clear(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#lines = [];
    this.#characters = 0;
    await file?.close();
  }
}

async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `mangamotion-diff-${randomUUID()}`);
  const file = await open(path, 'ax+', 0o600);
  await unlink(path);
  return file;
}
