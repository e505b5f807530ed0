import type { ChunkReference } from '../../archive/directory.js';
import type { Match } from './version-history.js';

/** The matches in chunks of an index, by their digests and sizes. */
export type ChunkMatches = ReadonlyMap<string, readonly Match[]>;

export function idOf({ sha256, size }: Pick<ChunkReference, 'sha256' | 'size'>): string {
  return `${sha256} ${size}`;
}

/** The chunks of an index that several backups of a line share, each of which is read once. */
export class SharedChunks {
  readonly #lines = new Map<string, LineChunks>();

  ofLine(line: string): LineChunks {
    const chunks = this.#lines.get(line) ?? new LineChunks();
    this.#lines.set(line, chunks);
    return chunks;
  }
}

/** Memory holds the matches of the last backup that was searched, and of those that are being searched. */
export class LineChunks {
  readonly #matches = new Map<string, Promise<readonly Match[]>>();
  /** How many backups that are being searched need a chunk. */
  readonly #needed = new Map<string, number>();

  /** Announces that a backup will ask for these chunks, until it releases them or becomes the last backup. */
  need(ids: Iterable<string>): void {
    for (const id of ids) this.#needed.set(id, (this.#needed.get(id) ?? 0) + 1);
  }

  /** Resolves to the matches in a chunk. What another backup could not read is read again. */
  async matches(id: string, read: () => Promise<readonly Match[]>): Promise<readonly Match[]> {
    const begun = this.#matches.get(id);
    const known = begun === undefined ? undefined : await begun.catch(() => undefined);
    if (known !== undefined) return known;
    const reading = read();
    this.#matches.set(id, reading);
    return await reading;
  }

  release(ids: Iterable<string>): void {
    for (const id of ids) {
      const left = (this.#needed.get(id) ?? 1) - 1;
      if (left > 0) this.#needed.set(id, left);
      else this.#needed.delete(id);
    }
  }

  /** Makes this backup the last one, and forgets chunks that neither it nor a backup being searched needs. */
  keep(last: ChunkMatches): void {
    this.release(last.keys());
    for (const id of this.#matches.keys()) {
      if (!last.has(id) && !this.#needed.has(id)) this.#matches.delete(id);
    }
  }
}
