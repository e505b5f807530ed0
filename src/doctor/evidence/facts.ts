import { type ReadRecords, readRecords, recordsFolderOf } from '../../drill/records.js';
import type { GatherersOf } from '../facts.js';

export interface EvidenceFacts {
  /** The drills that are recorded in the state folder, and the time by which they are judged. */
  drills: ReadRecords & { now: Date };
}

export interface EvidenceParts {
  now: () => Date;
  /** The absolute path of the state folder. */
  stateFolder: string;
}

export function evidenceGatherers({
  now,
  stateFolder,
}: EvidenceParts): GatherersOf<EvidenceFacts, keyof EvidenceFacts> {
  return {
    drills: async () => ({ ...(await readRecords(recordsFolderOf(stateFolder))), now: now() }),
  };
}
