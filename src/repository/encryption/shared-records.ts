import { isDeepStrictEqual } from 'node:util';
import type { DecodedSummary, EncryptedRecord, PartRecord, Summary } from '../summary.js';

/**
 * Keeps one copy of the record of each encrypted archive, and of each part. Every later summary of a
 * chain repeats them, so that the summaries of a destination would take the square of their number in
 * memory.
 */
export class SharedRecords {
  readonly #known = new Map<string, EncryptedRecord>();
  readonly #parts = new Map<string, PartRecord>();
  /** The parts of the summary before: most summaries of a chain have the same. */
  #lastParts: PartRecord[] | undefined;

  /** Returns the summary. Its records are replaced by equal ones of earlier summaries. */
  in(decoded: DecodedSummary): DecodedSummary {
    if (decoded.kind !== 'valid') return decoded;
    this.#shareParts(decoded.summary);
    const { encryption } = decoded.summary;
    if (encryption === undefined) return decoded;
    for (const [id, record] of Object.entries(encryption.archives)) {
      const known = this.#known.get(id);
      if (known === undefined) this.#known.set(id, record);
      else if (isDeepStrictEqual(known, record)) encryption.archives[id] = known;
    }
    return decoded;
  }

  #shareParts(summary: Summary): void {
    if (summary.parts === undefined) return;
    const parts = summary.parts.map((part) => {
      const known = this.#parts.get(part.id);
      if (known === undefined) this.#parts.set(part.id, part);
      return known !== undefined && isSame(known, part) ? known : part;
    });
    const last = this.#lastParts;
    const isLast = last?.length === parts.length && parts.every((part, at) => part === last[at]);
    summary.parts = isLast ? last : parts;
    this.#lastParts = summary.parts;
    // Each summary has strings of its own for the same ids.
    summary.references = summary.references.map((id) => this.#parts.get(id)?.id ?? id);
  }
}

function isSame(a: PartRecord, b: PartRecord): boolean {
  const [to, from] = [a.archive, b.archive];
  return (
    a.archive_bytes === b.archive_bytes &&
    to.file === from.file &&
    to.sha256 === from.sha256 &&
    to.directory.offset === from.directory.offset &&
    to.directory.length === from.directory.length &&
    to.directory.sha256 === from.directory.sha256
  );
}
