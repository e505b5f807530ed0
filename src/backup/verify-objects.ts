import { createHash } from 'node:crypto';
import { type Archive, READ_WHOLE_BYTES } from '../archive/archive.js';
import type { ChunkReference, Directory } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { isMangamotionError } from '../errors.js';
import type { Archives } from '../repository/archives.js';
import { type VerifyResult, found } from './verify-result.js';

export interface CheckOptions {
  /** The other archives of the backup, by id: each is to be there. */
  references: readonly string[];
  /** Which objects to read. */
  wanted: (line: IndexLine) => boolean;
  /** Whose chunks and objects the audit has read already, if any: its findings are not repeated. */
  audited: string | undefined;
  progress: (counts: { objects: number; bytes: number }) => void;
  signal: AbortSignal;
}

/**
 * Reads the index of a backup, whichever archives it lies in, and checks objects one by one (SHA-256
 * and length). What those archives hold besides is not this backup's concern.
 */
export async function verifyObjects(
  directory: Directory,
  archives: Archives,
  result: VerifyResult,
  options: CheckOptions,
): Promise<void> {
  await new ObjectCheck(directory, archives, result, options).run();
}

class ObjectCheck {
  readonly #directory: Directory;
  readonly #archives: Archives;
  readonly #result: VerifyResult;
  readonly #options: CheckOptions;
  readonly #opened = new Map<string, Archive | undefined>();

  constructor(
    directory: Directory,
    archives: Archives,
    result: VerifyResult,
    options: CheckOptions,
  ) {
    this.#directory = directory;
    this.#archives = archives;
    this.#result = result;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { references, wanted, audited, progress, signal } = this.#options;
    for (const id of references) await this.#open(id);
    for (const chunk of this.#directory.chunks) {
      for (const line of await this.#linesOf(chunk)) {
        if (line.archive === audited || !wanted(line)) continue;
        signal.throwIfAborted();
        await this.#check(line);
        progress({ objects: this.#result.objects, bytes: this.#result.bytes });
      }
    }
  }

  async #linesOf(chunk: ChunkReference): Promise<IndexLine[]> {
    const archive = await this.#open(chunk.archive);
    try {
      return (await archive?.readChunk(chunk)) ?? [];
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      if (chunk.archive !== this.#options.audited) {
        found(this.#result, 'chunk', `${error.message} (in ${chunk.archive})`);
      }
      return [];
    }
  }

  async #check(line: IndexLine): Promise<void> {
    const archive = await this.#open(line.archive);
    // That it is missing was said once; it need not be said of each object.
    if (archive === undefined) return;
    const { bucket, key } = line;
    if (await hasRightBytes(archive, line)) {
      this.#result.objects += 1;
      this.#result.bytes += line.size;
      return;
    }
    const message = `${bucket}/${key} is damaged: its bytes in ${line.archive} are not those that were backed up`;
    found(this.#result, 'object', message, { bucket, key });
  }

  async #open(id: string): Promise<Archive | undefined> {
    if (this.#opened.has(id)) return this.#opened.get(id);
    let archive: Archive | undefined;
    try {
      archive = await this.#archives.of(id);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      found(this.#result, 'archive_missing', error.message);
    }
    this.#opened.set(id, archive);
    return archive;
  }
}

async function hasRightBytes(archive: Archive, line: IndexLine): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    const parts =
      line.size <= READ_WHOLE_BYTES ? await archive.readWhole(line) : archive.read(line);
    for await (const part of parts) hash.update(part);
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    return false;
  }
  return hash.digest('hex') === line.sha256;
}
