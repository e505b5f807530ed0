import type { ArchiveWriter } from '../../archive/archive-writer.js';
import { IndexCheck } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { OpenCommitted } from '../../repository/open-backup.js';
import type { Loss, Summary } from '../../repository/summary.js';
import type { ParentChunk } from './changes.js';
import type { EarlierBackup } from '../capture/ledger.js';
import { copySalvaged, isReadWhole, readSalvaged } from '../archived-object.js';

/**
 * The newest trusted backup of the line, which a new one is compared with: it tells what should be
 * there, and lends its copy of what cannot be read.
 */
export class Baseline implements EarlierBackup {
  readonly summary: Summary;
  readonly #open: OpenCommitted | undefined;
  /** The type of the backup that is being made. */
  readonly type: 'full' | 'incremental';
  /** Maps an object to the time since when it could not be read. */
  readonly #since: ReadonlyMap<string, string>;
  /** Maps an object to what of it this backup did not get. */
  readonly #lacked: ReadonlyMap<string, 'bytes' | 'parts'>;
  #unreadable: string | undefined;

  /**
   * `open` is absent where its index cannot be read, and `unreadable` then says why. A full copies
   * what it takes over; an incremental refers to it.
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

  /** Why its index could not be read, or not to its end; `undefined` where it could. */
  get unreadable(): string | undefined {
    return this.#unreadable;
  }

  /**
   * Rejects where an earlier archive in which a part of its index lies cannot be read: one chunk of
   * each is read. Its own is, where its directory was.
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

  /** Where it could not name all of its failures, every object is doubted. */
  lacked({ bucket, key }: IndexLine): 'bytes' | 'parts' | undefined {
    const lacked = this.#lacked.size === 0 ? undefined : this.#lacked.get(nameOf(bucket, key));
    return lacked ?? (this.summary.failures_omitted > 0 ? 'bytes' : undefined);
  }

  /** What it lacks of objects, and a backup that takes them over unread lacks too. */
  get inheritedLosses(): readonly Loss[] {
    if (this.type === 'full') return [];
    return this.summary.fidelity.losses.filter(({ what }) => INHERITED.includes(what));
  }

  /**
   * The chunks of its index, in order. Of an incremental they reject where they cannot be read; a
   * full never fails for that: they end, and `unreadable` says why.
   */
  async *chunks(): AsyncGenerator<ParentChunk> {
    if (this.#open === undefined) return;
    try {
      yield* readChunks(this.#open);
    } catch (error) {
      if (this.type === 'incremental' || !isUnreadable(error)) throw error;
      this.#unreadable = error.message;
    }
  }

  /** Takes the object over as it is here; `undefined` where its bytes cannot be had. */
  async lend(line: IndexLine, writer: ArchiveWriter): Promise<'copied' | 'referred' | undefined> {
    if (this.#open === undefined) return undefined;
    if (this.type === 'incremental') {
      await writer.carry(line);
      return 'referred';
    }
    try {
      const archive = await this.#open.archives.of(line.archive);
      if (!isReadWhole(line)) {
        return (await copySalvaged(archive, line, writer)) ? 'copied' : undefined;
      }
      const parts = await readSalvaged(archive, line);
      if (parts === undefined) return undefined;
      await writer.addWholeObject(line, parts);
      return 'copied';
    } catch (error) {
      if (!isMangamotionError(error, 'damaged', 'not_found', 'refused', 'access_denied'))
        throw error;
      return undefined;
    }
  }

  /** A document of a bucket as it is here; `undefined` where there is none, or it cannot be had. */
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
    // They are taken over unread: what they name, the new backup would name too.
    for (const line of lines) archives.checkNamed(line.archive);
    yield { chunk, lines };
  }
  for (const { name } of directory.buckets) check.checkWhole(name);
}

/** Losses of objects that a listing does not show; those of other parts are found anew. */
const INHERITED = ['object lock', 'user metadata'];

/** Why an index cannot be read now, where that must not keep a full from being made. */
export function isUnreadable(error: unknown): error is MangamotionError {
  return isMangamotionError(error, 'damaged', 'not_found', 'refused', 'access_denied', 'disk');
}

function nameOf(bucket: string, key: string): string {
  return JSON.stringify([bucket, key]);
}
