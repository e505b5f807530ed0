import { countOf } from '../../count-of.js';
import { createHash } from 'node:crypto';
import { type Archive, READ_WHOLE_BYTES } from '../../archive/archive.js';
import type { ChunkReference, Directory } from '../../archive/directory.js';
import { AHEAD_OF_OBJECT_BYTES, REQUESTS_OF_OBJECT } from '../../archive/read-ahead.js';
import { IndexCheck, hasOwnPath } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { isMangamotionError } from '../../errors.js';
import { prefetchInOrder } from '../../prefetch.js';
import type { NeededArchives } from './needed-archives.js';
import type { CheckedParts } from './parts.js';
import { type VerifyResult, addProblem } from './result.js';

export interface CheckOptions {
  /** The chunks that are checked: all, or those of a share. */
  chunks: readonly ChunkReference[];
  /** They are all, and what only all of them show is checked, too. */
  isWhole: boolean;
  /** The ids of the other archives that the backup refers to. Each must exist. */
  references: readonly string[];
  wanted: (line: IndexLine) => boolean;
  /** The id of an archive that is audited, by this share or another. Its findings are not repeated. */
  audited: string | undefined;
  /** What was found out about the parts of the backup. */
  parts: CheckedParts;
  progress: (counts: { objects: number; bytes: number }) => void;
  signal: AbortSignal;
  /** How many times the memory and the requests of one worker may be used. */
  workers: number;
}

/** What one worker checks at once. */
const CHECKS_A_WORKER = { maxRequests: 16, maxBytes: 24 * 1024 * 1024 };
/** A large object is read one member at a time; small ones may each be in a member of their own. */
const MOST_HELD_BYTES = 12 * 1024 * 1024;
const LEAST_HELD_BYTES = 2 * READ_WHOLE_BYTES;
/** A step without an object to check has messages alone. */
const MESSAGE_BYTES = 16 * 1024;
const STEPS_A_PAGE = 256;

/** What is found about one object or chunk, in the order of the index. */
interface Step {
  problems: Problem[];
  /** An object to be checked. */
  line?: IndexLine;
}

type Problem = [kind: string, message: string, name?: { bucket: string; key: string }];

export interface IndexTotals {
  /** The totals of the objects that the lines of the index name. */
  named: { objects: number; bytes: number };
  /** What of it lies in the archive that is audited, and was not read here. */
  audited: { objects: number; bytes: number };
}

/**
 * Reads the index of a backup, or some chunks of it, and checks objects one by one (SHA-256 and length).
 * Other content of the archives is ignored. Resolves to the totals of these chunks.
 */
export async function verifyObjects(
  directory: Directory,
  archives: NeededArchives,
  result: VerifyResult,
  options: CheckOptions,
): Promise<IndexTotals> {
  return await new ObjectCheck(directory, archives, result, options).run();
}

class ObjectCheck {
  readonly #directory: Directory;
  readonly #archives: NeededArchives;
  readonly #result: VerifyResult;
  readonly #options: CheckOptions;
  readonly #index: IndexCheck;
  /** Archives that hold objects or chunks of this backup. */
  readonly #used = new Set<string>();
  /** The totals of the chunks, as far as they could be read. */
  readonly #totals: IndexTotals = {
    named: { objects: 0, bytes: 0 },
    audited: { objects: 0, bytes: 0 },
  };
  #isIndexWhole = true;

  constructor(
    directory: Directory,
    archives: NeededArchives,
    result: VerifyResult,
    options: CheckOptions,
  ) {
    this.#directory = directory;
    this.#archives = archives;
    this.#result = result;
    this.#options = options;
    this.#index = new IndexCheck(directory);
  }

  async run(): Promise<IndexTotals> {
    const { isWhole, references, progress, signal, workers } = this.#options;
    if (isWhole) for (const id of references) await this.#archives.open(id);
    const limits = {
      maxRequests: CHECKS_A_WORKER.maxRequests * workers,
      maxBytes: CHECKS_A_WORKER.maxBytes * workers,
    };
    const steps = prefetchInOrder(
      this.#steps(),
      limits,
      (step) => heldBytes(step, workers),
      ({ line }) => (line === undefined ? Promise.resolve(undefined) : this.#check(line)),
    );
    for await (const { item, result: isIntact } of steps) {
      signal.throwIfAborted();
      for (const problem of item.problems) addProblem(this.#result, ...problem);
      if (item.line === undefined || isIntact === undefined) continue;
      this.#count(item.line, isIntact);
      progress({ objects: this.#result.objects, bytes: this.#result.bytes });
    }
    if (isWhole && this.#isIndexWhole) this.#checkWhole();
    return this.#totals;
  }

  /** Yields what the index says, chunk by chunk. */
  async *#steps(): AsyncGenerator<Step[]> {
    const { chunks, wanted, audited, parts, signal } = this.#options;
    for (const chunk of chunks) {
      signal.throwIfAborted();
      this.#used.add(chunk.archive);
      const isRead = chunk.archive === audited || parts.hasRead(chunk);
      const ofChunk: Step = { problems: [] };
      let steps = [ofChunk];
      for (const line of await this.#linesOf(chunk, ofChunk.problems)) {
        if (steps.length >= STEPS_A_PAGE) {
          yield steps;
          steps = [];
        }
        const problems: Problem[] = [];
        if (this.#archives.get(line.archive) === undefined) await this.#archives.open(line.archive);
        const isSound = this.#checkLine(line, problems);
        const isAudited = isRead && line.archive === chunk.archive;
        if (isAudited && line.archive === audited) addTo(this.#totals.audited, line);
        if (!isAudited && isSound && wanted(line)) steps.push({ problems, line });
        else if (problems.length > 0) steps.push({ problems });
      }
      yield steps;
    }
  }

  async #linesOf(chunk: ChunkReference, problems: Problem[]): Promise<IndexLine[]> {
    const archive = await this.#archives.open(chunk.archive);
    let lines: IndexLine[] | undefined;
    try {
      lines = await archive?.readChunk(chunk);
      if (lines !== undefined) this.#index.add(lines);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged')) throw error;
      this.#isIndexWhole = false;
      const { audited, parts } = this.#options;
      const isRead = chunk.archive === audited || parts.hasRead(chunk);
      const isKnown = lines === undefined && isRead;
      if (!isKnown) problems.push(['chunk', `${error.message} (in ${chunk.archive})`]);
    }
    if (lines === undefined) this.#isIndexWhole = false;
    return lines ?? [];
  }

  /** Checks a line without reading the bytes. Returns false if they cannot be read. */
  #checkLine(line: IndexLine, problems: Problem[]): boolean {
    const { archive: id, bucket, key, offset, length } = line;
    addTo(this.#totals.named, line);
    const name = { bucket, key };
    const report = (message: string) => problems.push(['object', message, name]);
    if (!this.#archives.isNamed(id)) {
      report(`${bucket}/${key} is in ${JSON.stringify(id)}, which the summary does not name`);
      return false;
    }
    this.#used.add(id);
    if (!hasOwnPath(line)) {
      report(`the file of ${bucket}/${key} is not its own: ${JSON.stringify(line.path)}`);
    }
    const archive = this.#archives.get(id);
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
      addProblem(this.#result, ...unusedReference(id));
    }
  }

  /** Resolves to whether the bytes are right; `undefined` if their archive is missing, which was reported. */
  async #check(line: IndexLine): Promise<boolean | undefined> {
    const archive = this.#archives.get(line.archive);
    if (archive === undefined) return undefined;
    return await hasRightBytes(archive, line, this.#options.workers);
  }

  #count(line: IndexLine, isIntact: boolean): void {
    const { bucket, key } = line;
    if (isIntact) {
      this.#result.objects += 1;
      this.#result.bytes += line.size;
      return;
    }
    const message = `${bucket}/${key} is damaged: its bytes in ${line.archive} are not those that were backed up`;
    addProblem(this.#result, 'object', message, { bucket, key });
  }
}

function addTo(counts: { objects: number; bytes: number }, { size }: IndexLine): void {
  counts.objects += 1;
  counts.bytes += size;
}

/** The problem of an archive that a summary names needlessly. */
export function unusedReference(id: string): [kind: string, message: string] {
  return ['summary', `the summary refers to ${id}, which holds nothing of this backup`];
}

function heldBytes({ line }: Step, workers: number): number {
  if (line === undefined) return MESSAGE_BYTES;
  const ahead = isReadAhead(line) ? AHEAD_OF_OBJECT_BYTES * workers : 0;
  return Math.max(LEAST_HELD_BYTES, Math.min(line.size, MOST_HELD_BYTES + ahead));
}

function isReadAhead({ size }: IndexLine): boolean {
  return size > MOST_HELD_BYTES;
}

async function hasRightBytes(archive: Archive, line: IndexLine, workers: number): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    const parts =
      line.size <= READ_WHOLE_BYTES
        ? await archive.readWhole(line)
        : archive.read(line, isReadAhead(line) ? REQUESTS_OF_OBJECT * workers : 1);
    for await (const part of parts) hash.update(part);
  } catch (error) {
    if (!isMangamotionError(error, 'damaged')) throw error;
    return false;
  }
  return hash.digest('hex') === line.sha256;
}
