import { readRecords } from '../drill/records.js';
import { drillsDocument } from '../reports/backups/drills.js';
import { type NamedDestination, ofDestination, type Reading } from './destinations.js';
import { failureOf } from './failure.js';

/**
 * Reads the drills that this host has recorded. Resolves to a function that returns what these, and those
 * recorded at a destination, say of it. Never rejects: what cannot be read is named in the answer.
 */
export async function drillsByDestination(folder: string, now: Date) {
  const here = await readHere(folder);
  return ({ location }: NamedDestination, reading: Reading | undefined) => {
    const { drills, failure: unreadable } = reading ?? {};
    const failure = here.failure ?? unreadable ?? drills?.failure;
    const { message: error, code } = failure === undefined ? {} : failureOf(failure);
    const known = {
      ...{ here: here.records, there: drills?.records ?? [] },
      damaged: here.damaged + (drills?.damaged ?? 0),
      isWhole: failure === undefined,
    };
    const problem = failure === undefined ? null : { error, code };
    return { ...drillsDocument(location, known, now), problem };
  };
}

async function readHere(folder: string) {
  try {
    const { records, damaged } = await readRecords(folder);
    return { records, damaged: damaged.length, failure: undefined };
  } catch (error) {
    return { records: [], damaged: 0, failure: ofDestination(error) };
  }
}
