import { createHash } from 'node:crypto';
import { isMangamotionError, messageOf } from '../errors.js';
import type { Destination } from '../repository/destination.js';
import { RECORDS_AT_DESTINATION } from './limits.js';
import {
  type DrillRecord,
  RECORDS_FOLDER,
  type ReadRecords,
  decodeRecord,
  readRecords,
} from './records.js';

/** The records of this host and those at destinations, which drills of all hosts have left there. */
export interface AllRecords extends ReadRecords {
  /** Destinations whose records cannot be read, as they were named, and why. */
  unread: { destination: string; why: string }[];
}

export interface NamedDestination {
  /** The folder or `s3://` address, as the user wrote it. */
  text: string;
  open: () => Promise<Pick<Destination, 'claims'>>;
}

/**
 * Reads the records in a folder of this host and at destinations, and merges them by the id of the
 * run. A destination that cannot be read is named. Rejects only with the signal's reason, with errors
 * of this program, and if the folder cannot be read.
 */
export async function readAllRecords(
  folder: string,
  destinations: readonly NamedDestination[],
  signal: AbortSignal,
): Promise<AllRecords> {
  const own = await readRecords(folder);
  const unread: AllRecords['unread'] = [];
  const found: ReadRecords[] = [own];
  const read = async ({ text, open }: NamedDestination): Promise<void> => {
    try {
      found.push(await readRecordsAt(text, await open(), signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!isMangamotionError(error) || error.code === 'internal') throw error;
      unread.push({ destination: text, why: messageOf(error) });
    }
  };
  await Promise.all(destinations.map(read));
  return {
    records: mergeRecords(found.map(({ records }) => records)),
    damaged: found.flatMap(({ damaged }) => damaged),
    unread,
  };
}

/** Reads the newest records at a destination. Rejects as the destination does. */
async function readRecordsAt(
  text: string,
  destination: Pick<Destination, 'claims'>,
  signal: AbortSignal,
): Promise<ReadRecords> {
  const newest = (names: readonly string[]) => names.slice(-RECORDS_AT_DESTINATION);
  const stored = await destination.claims(RECORDS_FOLDER).list(signal, newest);
  const found: ReadRecords = { records: [], damaged: [] };
  for (const { name, content } of stored) {
    const record = decodeRecord(content ?? '');
    if (record !== undefined) found.records.push(record);
    else {
      const sha256 = createHash('sha256')
        .update(content ?? '')
        .digest('hex');
      const file = `${text.replace(/\/$/, '')}/${RECORDS_FOLDER}/${name}.json`;
      found.damaged.push({ file, fromEnd: 1, sha256 });
    }
  }
  return found;
}

/** Merges records by their ids, the latest first. */
function mergeRecords(lists: readonly (readonly DrillRecord[])[]): DrillRecord[] {
  const byId = new Map<string, DrillRecord>();
  for (const record of lists.flat()) {
    if (!byId.has(record.id)) byId.set(record.id, record);
  }
  return [...byId.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}
