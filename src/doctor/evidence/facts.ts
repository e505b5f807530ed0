import { type AllRecords, type NamedDestination, readAllRecords } from '../../drill/all-records.js';
import { recordsFolderOf } from '../../drill/records.js';
import type { Gatherers } from '../facts.js';

export interface EvidenceFacts {
  /** The drills that are recorded in the state folder or at a destination, and the time by which they are judged. */
  drills: AllRecords & { now: Date };
}

export interface EvidenceParts {
  now: () => Date;
  /** The absolute path of the state folder. */
  stateFolder: string;
  destinations: readonly NamedDestination[];
}

export function evidenceGatherers({
  now,
  stateFolder,
  destinations,
}: EvidenceParts): Gatherers<EvidenceFacts> {
  return {
    drills: async (_read, signal) => ({
      ...(await readAllRecords(recordsFolderOf(stateFolder), destinations, signal)),
      now: now(),
    }),
  };
}
