import type { ClaimStore } from '../lock/claim.js';
import { MOST_RECORDS_THERE } from './limits.js';
import { SCENARIOS } from './objectives.js';
import { type DrillRecord, decodeRecord } from './records.js';

const RECORD_NAME = /^\d{8}T\d+Z-(.+)-.{1,8}$/;

/** The records at a destination for a process that lives long: each is read once, because it never changes. */
export class RecordsThere {
  readonly #known = new Map<string, DrillRecord>();

  /**
   * Reads the newest records of each scenario, in no order, and counts those that cannot be read. Rejects
   * as the destination does, and with `refused` where its listing may lack some.
   */
  async read(
    claims: ClaimStore,
    signal: AbortSignal,
  ): Promise<{ records: DrillRecord[]; damaged: number }> {
    let newest = new Set<string>();
    const read = await claims.list(signal, (names) => {
      newest = newestOf(names);
      return [...newest].filter((name) => !this.#known.has(name));
    });
    for (const name of this.#known.keys()) if (!newest.has(name)) this.#known.delete(name);
    for (const { name, content = '' } of read) {
      const record = decodeRecord(content);
      if (record !== undefined && newest.has(name)) this.#known.set(name, record);
    }
    return { records: [...this.#known.values()], damaged: newest.size - this.#known.size };
  }
}

/** The names begin with the times. */
function newestOf(names: readonly string[]): Set<string> {
  const latestFirst = names.toReversed();
  return new Set(
    SCENARIOS.flatMap((scenario) =>
      latestFirst
        .filter((name) => RECORD_NAME.exec(name)?.[1] === scenario)
        .slice(0, MOST_RECORDS_THERE),
    ),
  );
}
