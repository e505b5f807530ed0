import { countOf } from '../../count-of.js';
import { createHash } from 'node:crypto';
import { type Archive, READ_WHOLE_BYTES } from '../../archive/archive.js';
import type { ChunkReference, Directory } from '../../archive/directory.js';
import { IndexCheck, hasOwnPath } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { isMangamotionError } from '../../errors.js';
import type { Archives } from '../../repository/archives.js';
import { type VerifyResult, addProblem } from './result.js';

export interface CheckOptions {
  /** The ids of the other archives that the backup refers to. Each must exist. */
  references: readonly string[];
  wanted: (line: IndexLine) => boolean;
  /** The id of an archive that was already audited. Its findings are not repeated. */
  audited: string | undefined;
  progress: (counts: { objects: number; bytes: number }) => void;
  signal: AbortSignal;
}

/**
 * Reads the whole index of a backup, and checks objects one by one (SHA-256 and length). Other
 * content of the archives is ignored. Resolves to the totals of the index.
 */
export async function verifyObjects(
  directory: Directory,
  archives: Archives,
  result: VerifyResult,
  options: CheckOptions,
): Promise<{ objects: number; bytes: number }> {
  return await new ObjectCheck(directory, archives, result, options).run();
}

class ObjectCheck {
  readonly #directory: Directory;
  readonly #archives: Archives;
  readonly #result: VerifyResult;
  readonly #options: CheckOptions;
  readonly #opened = new Map<string, Archive | undefined>();
  readonly #index: IndexCheck;
  /** Archives that hold objects or chunks of this backup. */
  readonly #used = new Set<string>();
  /** The totals of the index, as far as it could be read. */
  readonly #named = { objects: 0, bytes: 0 };
  #isIndexWhole = true;

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
    this.#index = new IndexCheck(directory);
  }

  async run(): Promise<{ objects: number; bytes: number }> {
    const { references, wanted, audited, progress, signal } = this.#options;
    for (const id of references) await this.#open(id);
    for (const chunk of this.#directory.chunks) {
      this.#used.add(chunk.archive);
      for (const line of await this.#linesOf(chunk)) {
        const isSound = this.#checkLine(line);
        const isAudited = line.archive === audited && chunk.archive === audited;
        if (isAudited || !isSound || !wanted(line)) continue;
        signal.throwIfAborted();
        await this.#check(line);
        progress({ objects: this.#result.objects, bytes: this.#result.bytes });
      }
    }
    if (this.#isIndexWhole) this.#checkWhole();
    return this.#named;
  }

  async #linesOf(chunk: ChunkReference): Promise<IndexLine[]> {
    const archive = await this.#open(chunk.archive);
    let lines: IndexLine[] | undefined;
    try {
      lines = await archive?.readChunk(chunk);
      if (lines !== undefined) this.#index.add(lines);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      this.#isIndexWhole = false;
      const isKnown = lines === undefined && chunk.archive === this.#options.audited;
      if (!isKnown) addProblem(this.#result, 'chunk', `${error.message} (in ${chunk.archive})`);
    }
    if (lines === undefined) this.#isIndexWhole = false;
    return lines ?? [];
  }

  /** Checks a line without reading the bytes. Returns false if they cannot be read. */
  #checkLine(line: IndexLine): boolean {
    const { archive: id, bucket, key, offset, length, size } = line;
    this.#named.objects += 1;
    this.#named.bytes += size;
    const name = { bucket, key };
    const report = (message: string) => addProblem(this.#result, 'object', message, name);
    if (!this.#archives.isNamed(id)) {
      report(`${bucket}/${key} is in ${JSON.stringify(id)}, which the summary does not name`);
      return false;
    }
    this.#used.add(id);
    if (!hasOwnPath(line)) {
      report(`the file of ${bucket}/${key} is not its own: ${JSON.stringify(line.path)}`);
    }
    const archive = this.#opened.get(id);
    if (archive === undefined || offset + length <= archive.sizeBytes) return true;
    report(
      `${bucket}/${key} is beyond the end of ${id} (${countOf(length, 'byte')} at byte ${offset})`,
    );
    return false;
  }

  /** Compares the index with the directory's counts and the summary's references. */
  #checkWhole(): void {
    for (const { name } of this.#directory.buckets) {
      const wrong = this.#index.mismatchOf(name);
      if (wrong !== undefined) addProblem(this.#result, 'directory', wrong);
    }
    for (const id of this.#options.references) {
      if (this.#used.has(id) && id !== this.#directory.archive) continue;
      const message = `the summary refers to ${id}, which holds nothing of this backup`;
      addProblem(this.#result, 'summary', message);
    }
  }

  async #check(line: IndexLine): Promise<void> {
    const archive = await this.#open(line.archive);
    // A missing archive is reported once, not for each object.
    if (archive === undefined) return;
    const { bucket, key } = line;
    if (await hasRightBytes(archive, line)) {
      this.#result.objects += 1;
      this.#result.bytes += line.size;
      return;
    }
    const message = `${bucket}/${key} is damaged: its bytes in ${line.archive} are not those that were backed up`;
    addProblem(this.#result, 'object', message, { bucket, key });
  }

  async #open(id: string): Promise<Archive | undefined> {
    if (this.#opened.has(id)) return this.#opened.get(id);
    // An archive that the summary does not name was reported with its line.
    if (!this.#archives.isNamed(id)) return undefined;
    let archive: Archive | undefined;
    try {
      archive = await this.#archives.of(id);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      addProblem(this.#result, 'archive_missing', error.message);
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
