import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { translateFileError } from './errors.js';

/**
 * A temporary file for data that do not fit into memory. Nobody else can read it, because its key is only
 * in the memory of this process. The file has the mode 0600 and is unlinked as soon as it is open, so that
 * nothing is left however the program ends. If an open file cannot be unlinked, `close` unlinks it.
 */

const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
const LENGTH_BYTES = 4;
/** A page begins with the length of its text and has whole lines. It ends with the line that exceeds this size. */
const PAGE_CHARACTERS = 64 * 1024;

/** A part of a spill file: whole pages, one after the other. */
export interface Spilled {
  firstPage: number;
  pages: number;
  start: number;
}

/** Lines of text, without line feeds, in the order in which they are appended. */
export class SpillFile {
  readonly #file: FileHandle;
  /** Its path, if it could not be unlinked. */
  readonly #path: string | undefined;
  readonly #key = randomBytes(32);
  #pages = 0;
  #end = 0;

  private constructor(file: FileHandle, path: string | undefined) {
    this.#file = file;
    this.#path = path;
  }

  /** Rejects with `disk`, or `usage`, if there can be no file in the temporary folder. */
  static async open(): Promise<SpillFile> {
    const path = join(tmpdir(), `mangamotion-spill-${randomUUID()}`);
    try {
      const file = await open(path, 'wx+', 0o600);
      const isUnlinked = await unlink(path).then(
        () => true,
        () => false,
      );
      return new SpillFile(file, isUnlinked ? undefined : path);
    } catch (error) {
      throw translateFileError(error, 'write', path);
    }
  }

  /** Everything that was appended. */
  get all(): Spilled {
    return { firstPage: 0, pages: this.#pages, start: 0 };
  }

  /** After a failure the file cannot be used any more. */
  async append(lines: Iterable<string>): Promise<Spilled> {
    const [firstPage, start] = [this.#pages, this.#end];
    let page: string[] = [];
    let characters = 0;
    for (const line of lines) {
      page.push(line);
      characters += line.length + 1;
      if (characters < PAGE_CHARACTERS) continue;
      await this.#write(page);
      page = [];
      characters = 0;
    }
    if (page.length > 0) await this.#write(page);
    return { firstPage, pages: this.#pages - firstPage, start };
  }

  async *lines({ firstPage, pages, start }: Spilled): AsyncGenerator<string> {
    let at = start;
    for (let page = firstPage; page < firstPage + pages; page += 1) {
      const length = (await this.#read(at, LENGTH_BYTES)).readUInt32BE();
      const sealed = await this.#read(at + LENGTH_BYTES, length + TAG_BYTES);
      at += LENGTH_BYTES + sealed.length;
      const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(page));
      decipher.setAuthTag(sealed.subarray(length));
      const text = decipher.update(sealed.subarray(0, length), undefined, 'utf8');
      yield* (text + decipher.final('utf8')).split('\n');
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
    if (this.#path !== undefined) await unlink(this.#path).catch(() => undefined);
  }

  async #write(lines: readonly string[]): Promise<void> {
    // No nonce is used twice, whatever fails.
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#pages++));
    const sealed = cipher.update(lines.join('\n'), 'utf8');
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(sealed.length);
    const page = Buffer.concat([length, sealed, cipher.final(), cipher.getAuthTag()]);
    try {
      for (let done = 0; done < page.length;) {
        const left = page.length - done;
        const { bytesWritten } = await this.#file.write(page, done, left, this.#end + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw translateFileError(error, 'write a temporary file into', tmpdir(), {
        full: 'Set TMPDIR to a folder on a larger disk.',
      });
    }
    this.#end += page.length;
  }

  async #read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length;) {
      const { bytesRead } = await this.#file.read(bytes, done, length - done, position + done);
      if (bytesRead === 0) throw new Error('a temporary file was cut short');
      done += bytesRead;
    }
    return bytes;
  }
}

function nonceOf(page: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(page, 6, 6);
  return nonce;
}

/** Up to this size, values are held in memory. */
const HELD_CHARACTERS = 1024 * 1024;

/** A list of values that survive JSON, in the order in which they were added. Beyond 1 MiB it is in a file. */
export class SpilledList<T> {
  #held: string[] = [];
  #heldCharacters = 0;
  #file: SpillFile | undefined;

  async add(value: T): Promise<void> {
    const line = JSON.stringify(value);
    this.#held.push(line);
    this.#heldCharacters += line.length;
    if (this.#heldCharacters < HELD_CHARACTERS) return;
    this.#file ??= await SpillFile.open();
    await this.#file.append(this.#held);
    this.#held = [];
    this.#heldCharacters = 0;
  }

  /** Yields all values. It may be called again. */
  async *read(): AsyncGenerator<T> {
    if (this.#file !== undefined) {
      for await (const line of this.#file.lines(this.#file.all)) yield JSON.parse(line) as T;
    }
    for (const line of this.#held) yield JSON.parse(line) as T;
  }

  /** Forgets all values. */
  async clear(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    this.#held = [];
    this.#heldCharacters = 0;
    await file?.close();
  }
}
