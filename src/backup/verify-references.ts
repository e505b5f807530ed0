import { createHash } from 'node:crypto';
import { type Archive, READ_WHOLE_BYTES } from '../archive/archive.js';
import type { ChunkReference, Directory } from '../archive/directory.js';
import type { IndexLine } from '../archive/index-line.js';
import { isMangamotionError } from '../errors.js';
import type { Archives } from '../repository/archives.js';
import { type VerifyResult, found } from './verify-result.js';

export interface ReferenceObserver {
  progress: (counts: { objects: number; bytes: number }) => void;
  signal: AbortSignal;
}

/**
 * Checks what a backup needs of other archives: the index chunks that it refers to, and each object
 * whose bytes lie there (SHA-256 and length). What those archives hold besides is not its concern.
 */
export async function verifyReferences(
  directory: Directory,
  archives: Archives,
  result: VerifyResult,
  observer: ReferenceObserver,
): Promise<void> {
  await new ReferenceCheck(directory, archives, result).run(observer);
}

class ReferenceCheck {
  readonly #directory: Directory;
  readonly #archives: Archives;
  readonly #result: VerifyResult;
  readonly #opened = new Map<string, Archive | undefined>();

  constructor(directory: Directory, archives: Archives, result: VerifyResult) {
    this.#directory = directory;
    this.#archives = archives;
    this.#result = result;
  }

  async run({ progress, signal }: ReferenceObserver): Promise<void> {
    for (const chunk of this.#directory.chunks) {
      for (const line of await this.#linesOf(chunk)) {
        if (line.archive === this.#directory.archive) continue;
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
      // A chunk of the backup's own was read, and reported, with the rest of its archive.
      if (chunk.archive !== this.#directory.archive) {
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
