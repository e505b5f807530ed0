import type { ArchiveWriter } from '../../archive/archive-writer.js';
import type { ChunkReference } from '../../archive/directory.js';
import { IndexCheck } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';

import { mayMeet } from '../../ranges/cut-index.js';
import { isWithin } from '../../ranges/key-range.js';
import type { OpenCommitted } from '../../repository/open-backup.js';
import type { KeyRange, Loss, Summary } from '../../repository/summary.js';
import type { ParentChunk } from './changes.js';
import { copyArchived, isReadWhole, readArchived } from '../archived-object.js';

/**
 * The earlier backup that a new one is compared with. It shows what the store should hold, and
 * provides copies of objects that cannot be read.
 */
export class Baseline {
  readonly summary: Summary;
  readonly #open: OpenCommitted | undefined;
  /** The type of the new backup. */
  readonly type: 'full' | 'incremental';
  /** Since when each object could not be read, by `nameOf`. */
  readonly #since: ReadonlyMap<string, string>;
  /** The parts of objects that this backup could not read. The keys are those of `nameOf`. */
  readonly #lacked: ReadonlyMap<string, 'bytes' | 'parts'>;
  #unreadable: string | undefined;

  /**
   * `open` is absent if its index cannot be read, and `unreadable` says why. A full backup copies
   * objects that it takes over, an incremental refers to them.
   */
  constructor(
    type: 'full' | 'incremental',
    summary: Summary,
    open: OpenCommitted | undefined,
    unreadable?: string,
  ) {
    this.summary = summary;
    this.type = type;
    this.#open = open;
    this.#unreadable = unreadable;
    this.#lacked = new Map(
      summary.failures
        .filter(({ key }) => key !== '')
        .map(({ bucket, key, part }) => [
          nameOf(bucket, key),
          part === undefined ? 'bytes' : 'parts',
        ]),
    );
    this.#since = new Map(
      summary.failures.flatMap(({ bucket, key, unreadable_since: since }) =>
        since === undefined ? [] : [[nameOf(bucket, key), since]],
      ),
    );
  }

  get id(): string {
    return this.summary.id;
  }

  /** Why its index could not be read to the end; `undefined` if it could, or was not read yet. */
  get unreadable(): string | undefined {
    return this.#unreadable;
  }

  /**
   * Reads one index chunk from each other archive that holds part of the index, and rejects if one
   * cannot be read. Its own archive needs no check, because its directory has been read.
   */
  async checkReadable(): Promise<void> {
    if (this.#open === undefined) return;
    const { directory, archives } = this.#open;
    const chunks = new Map(directory.chunks.map((chunk) => [chunk.archive, chunk]));
    chunks.delete(this.id);
    for (const [id, chunk] of chunks) await (await archives.of(id)).readChunk(chunk);
  }

  unreadableSince(bucket: string, key: string): string | undefined {
    return this.#since.get(nameOf(bucket, key));
  }

  /**
   * Returns what this backup lacks of an object. If its summary does not name all failures, any
   * object may lack its bytes.
   */
  lacked({ bucket, key }: IndexLine): 'bytes' | 'parts' | undefined {
    const lacked = this.#lacked.size === 0 ? undefined : this.#lacked.get(nameOf(bucket, key));
    return lacked ?? (this.summary.failures_omitted > 0 ? 'bytes' : undefined);
  }

  /** The losses that an incremental inherits with objects that it takes over unread. */
  get inheritedLosses(): readonly Loss[] {
    if (this.type === 'full') return [];
    return this.summary.fidelity.losses.filter(({ what }) => INHERITED.includes(what));
  }

  /**
   * Yields the chunks of the index in order, or those lines of them that lie in a range. If one cannot be read, an incremental fails, with
   * `ParentUnreadable` if the parent is encrypted; for a full backup the chunks end there, and
   * `unreadable` says why.
   */
  async *chunks(range?: KeyRange): AsyncGenerator<ParentChunk> {
    if (this.#open === undefined) return;
    try {
      yield* range === undefined ? readChunks(this.#open) : readChunksWithin(this.#open, range);
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (this.type === 'incremental') {
        const isSidecar = this.summary.encryption !== undefined && error.code === 'damaged';
        throw isSidecar ? new ParentUnreadable(this.id, error) : error;
      }
      this.#unreadable = error.message;
    }
  }

  /** The chunks of its index, in order; empty if it cannot be read. */
  get chunkReferences(): readonly ChunkReference[] {
    return this.#open?.directory.chunks ?? [];
  }

  /** Returns false only if the index of the earlier backup certainly has no object in the range. */
  mayHold(range: KeyRange): boolean {
    return this.chunkReferences.some((chunk) => mayMeet(chunk, range));
  }

  /** Copies an object, or refers to it. Resolves to `undefined` if its bytes cannot be read. */
  async reuse(line: IndexLine, writer: ArchiveWriter): Promise<'copied' | 'referred' | undefined> {
    if (this.#open === undefined) return undefined;
    if (this.type === 'incremental') {
      await writer.carry(line);
      return 'referred';
    }
    try {
      const archive = await this.#open.archives.of(line.archive);
      if (!isReadWhole(line)) {
        return (await copyArchived(archive, line, writer)) ? 'copied' : undefined;
      }
      const parts = await readArchived(archive, line);
      if (parts === undefined) return undefined;
      await writer.addWholeObject(line, parts);
      return 'copied';
    } catch (error) {
      if (!isMangamotionError(error, 'damaged', 'not_found', 'refused', 'access_denied'))
        throw error;
      return undefined;
    }
  }

  /** Resolves to its copy of a document; `undefined` if it has none that can be read. */
  async document(path: string): Promise<Buffer | undefined> {
    if (this.#open === undefined) return undefined;
    const { directory, archives, id } = this.#open;
    const entry = directory.documents.find((document) => document.path === `${id}/${path}`);
    if (entry === undefined) return undefined;
    try {
      return await (await archives.of(id)).readDocument(entry);
    } catch (error) {
      if (!isMangamotionError(error, 'damaged', 'not_found', 'refused', 'access_denied'))
        throw error;
      return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#open?.archives.close();
  }
}

async function* readChunks({ directory, archives }: OpenCommitted): AsyncGenerator<ParentChunk> {
  const check = new IndexCheck(directory);
  for (const chunk of directory.chunks) {
    const archive = await archives.of(chunk.archive);
    const lines = await archive.readChunk(chunk);
    check.add(lines);
    // The lines are taken over, and the new backup would name the same archives.
    for (const line of lines) archives.checkNamed(line.archive);
    yield { chunk, lines };
  }
  for (const { name } of directory.buckets) check.checkWhole(name);
}

async function* readChunksWithin(
  { directory, archives }: OpenCommitted,
  range: KeyRange,
): AsyncGenerator<ParentChunk> {
  for (const chunk of directory.chunks.filter((one) => mayMeet(one, range))) {
    const archive = await archives.of(chunk.archive);
    const all = await archive.readChunk(chunk);
    const lines = all.filter(({ bucket, key }) => bucket === range.bucket && isWithin(range, key));
    for (const line of lines) archives.checkNamed(line.archive);
    yield { chunk, lines, isCut: lines.length < all.length };
  }
}

/** After the incremental backup had begun, a sidecar that the parent needs proved to be damaged. */
export class ParentUnreadable extends MangamotionError {
  constructor(id: string, { code, message, hint }: MangamotionError) {
    super(code, `${id} cannot be the parent: ${message}`, { hint });
  }
}

/** Losses that a listing does not show. Other losses are found again. */
const INHERITED = ['object lock', 'user metadata'];

/** Whether the error means that an index cannot be read, which must not prevent a full backup. */
export function isUnreadable(error: unknown): error is MangamotionError {
  return isMangamotionError(error, 'damaged', 'not_found', 'refused', 'access_denied', 'disk');
}

function nameOf(bucket: string, key: string): string {
  return JSON.stringify([bucket, key]);
}
