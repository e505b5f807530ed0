import { isDeepStrictEqual } from 'node:util';
import type { DecodedSummary, EncryptedRecord } from '../summary.js';

/**
 * Keeps one copy of the record of each encrypted archive. Every later summary of a chain repeats it, so
 * that the summaries of a destination would take the square of their number in memory.
 */
export class SharedRecords {
  readonly #known = new Map<string, EncryptedRecord>();

  /** Returns the summary. Its records are replaced by equal ones of earlier summaries. */
  in(decoded: DecodedSummary): DecodedSummary {
    const encryption = decoded.kind === 'valid' ? decoded.summary.encryption : undefined;
    if (encryption === undefined) return decoded;
    for (const [id, record] of Object.entries(encryption.archives)) {
      const known = this.#known.get(id);
      if (known === undefined) this.#known.set(id, record);
      else if (isDeepStrictEqual(known, record)) encryption.archives[id] = known;
    }
    return decoded;
  }
}
