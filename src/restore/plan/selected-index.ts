import type { ChunkReference } from '../../archive/directory.js';
import { IndexCheck } from '../../archive/index-check.js';
import type { IndexLine } from '../../archive/index-line.js';
import { mayHold, rangesOf, selectsAll } from '../../archive/select.js';
import { MangamotionError } from '../../errors.js';
import { mayMeet } from '../../ranges/cut-index.js';
import type { OpenBackup } from '../../repository/open-backup.js';
import { type RestoreSelection, rangesIn, selectWithin, selectsWhole } from '../selection.js';

export class SelectedIndex {
  readonly #backup: OpenBackup;
  readonly #selection: RestoreSelection;
  readonly #signal: AbortSignal;
  /** Errors of the index itself, as opposed to errors of the target. */
  readonly #errors = new WeakSet<Error>();
  /** The selected keys and prefixes that occur in the backup. */
  readonly #matched = new Set<string>();
  #lastChunk: { chunk: ChunkReference; lines: IndexLine[] } | undefined;

  constructor(backup: OpenBackup, selection: RestoreSelection, signal: AbortSignal) {
    this.#backup = backup;
    this.#selection = selection;
    this.#signal = signal;
  }

  /** Yields the selected lines of a bucket chunk by chunk, and checks the index on the way. */
  async *linesOf(bucket: string): AsyncGenerator<IndexLine[]> {
    const check = new IndexCheck(this.#backup.directory);
    const ranges = rangesIn(this.#selection, bucket);
    for (const chunk of this.#backup.directory.chunks) {
      if (!mayHold(chunk, bucket, this.#selection)) continue;
      if (ranges?.some((range) => mayMeet(chunk, range)) === false) continue;
      this.#signal.throwIfAborted();
      const lines = await this.#readChunk(chunk);
      this.#checked(() => check.add(lines));
      const selected = selectWithin(lines, bucket, this.#selection);
      const { only } = this.#selection;
      yield only === undefined ? selected : selected.filter(only);
    }
    if (selectsWhole(this.#selection)) this.#checked(() => check.checkWhole(bucket));
  }

  /** Whether the error is one of the index: it is damaged, or cannot be read. */
  isOwnError(error: unknown): boolean {
    return error instanceof Error && this.#errors.has(error);
  }

  /** Records the selected key or prefix to which an object of the backup belongs. */
  recordMatch(key: string): void {
    if (selectsAll(this.#selection)) return;
    for (const range of rangesOf(this.#selection)) {
      if ('key' in range ? range.key === key : key.startsWith(range.prefix)) {
        this.#matched.add(JSON.stringify(range));
      }
    }
  }

  /**
   * Throws `not_found` if the backup has no object for a selected key or prefix. Ranges may leave out
   * what there is of one.
   */
  refuseUnmatched(): void {
    if (selectsAll(this.#selection) || this.#selection.ranges !== undefined) return;
    const unmatched = rangesOf(this.#selection).filter(
      (range) => !this.#matched.has(JSON.stringify(range)),
    );
    if (unmatched.length === 0) return;
    const named = unmatched.map((range) =>
      'key' in range
        ? `no object ${JSON.stringify(range.key)}`
        : `no object whose key begins with ${JSON.stringify(range.prefix)}`,
    );
    const { id, path } = this.#backup;
    throw new MangamotionError(
      'not_found',
      `${id} has ${named.join(', and ')} in the selected buckets`,
      { hint: `List its objects with "mangamotion backup ls ${path}".` },
    );
  }

  /** Keeps the last chunk: to restore one object, its chunk is then read only once. */
  async #readChunk(chunk: ChunkReference): Promise<IndexLine[]> {
    if (this.#lastChunk?.chunk === chunk) return this.#lastChunk.lines;
    try {
      const archive = await this.#backup.archives.of(chunk.archive);
      const lines = await archive.readChunk(chunk);
      this.#lastChunk = { chunk, lines };
      return lines;
    } catch (error) {
      if (error instanceof Error) this.#errors.add(error);
      throw error;
    }
  }

  #checked(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (error instanceof Error) this.#errors.add(error);
      throw error;
    }
  }
}
