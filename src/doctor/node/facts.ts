import { openFilesLimit } from '../../schedule/surroundings.js';
import type { Gatherers } from '../facts.js';

export interface NodeFacts {
  node: {
    /** `v22.11.0`. */
    version: string;
    now: Date;
    /** The most files that this process may have open; `Infinity` where it is not known. */
    openFiles: number;
  };
}

export interface NodeParts {
  nodeVersion: string;
  now: () => Date;
}

export function nodeGatherers({ nodeVersion, now }: NodeParts): Gatherers<NodeFacts> {
  return {
    node: async () => ({ version: nodeVersion, now: now(), openFiles: await openFilesLimit() }),
  };
}
