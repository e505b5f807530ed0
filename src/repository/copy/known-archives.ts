import { isDeepStrictEqual } from 'node:util';
import type { EncryptedRecord, PartRecord, Summary } from '../summary.js';

/** What the summaries at the target tell of archives there: of parts, and of encrypted archives. */
export class KnownArchives {
  readonly #parts = new Map<string, PartRecord>();
  readonly #records = new Map<string, EncryptedRecord>();

  /** The parts at the target, by their ids, as the summaries there name them. */
  get parts(): ReadonlyMap<string, PartRecord> {
    return this.#parts;
  }

  /** The records of encrypted archives at the target, by their ids. */
  get records(): ReadonlyMap<string, EncryptedRecord> {
    return this.#records;
  }

  /** Remembers what a summary at the target tells of its own archive. */
  remember({ id, encryption }: Summary): void {
    const record = encryption?.archives[id];
    if (record !== undefined) this.#records.set(id, record);
  }

  /** Remembers a part by its manifest at the target. */
  rememberPart({ id, archive_bytes, archive }: Summary): void {
    this.#parts.set(id, { id, archive_bytes, archive });
  }

  /** Remembers what a summary at the target tells of its own archive and of the parts that it needs. */
  rememberAll(summary: Summary): void {
    this.remember(summary);
    for (const part of summary.parts ?? []) {
      if (!this.#parts.has(part.id)) this.#parts.set(part.id, part);
      const record = summary.encryption?.archives[part.id];
      if (record !== undefined && !this.#records.has(part.id)) this.#records.set(part.id, record);
    }
  }

  /** Whether each part that a summary names is, as far as it is known, the part at the target. */
  hasSameParts({ parts = [] }: Summary): boolean {
    return parts.every((part) => {
      const known = this.#parts.get(part.id);
      return known === part || isDeepStrictEqual(known ?? part, part);
    });
  }
}
