import type { FactBook, Gatherers } from '../facts.js';
import type { StoreFacts } from '../store/facts.js';
import { ProbeJournal } from './journal.js';
import { type ProbeOutcome, probeServer } from './probe-server.js';
import { keepAnswers } from './servers-file.js';

export interface ProbeFacts {
  probe: ProbeOutcome & { endpoint: string; file: string };
}

export interface ProbeParts {
  now: () => Date;
  /** The absolute path of the folder for the journal and for what was found out. */
  stateFolder: string;
}

/** `host` knows the store. The signal is that of the user: what was made is removed all the same. */
export function probeGatherers(
  host: Pick<FactBook<StoreFacts>, 'read'>,
  { now, stateFolder }: ProbeParts,
): Gatherers<ProbeFacts> {
  return {
    probe: async (_read, signal) => {
      const store = await host.read('store');
      const outcome = await probeServer(store, new ProbeJournal(stateFolder), { now, signal });
      const { endpoint } = store;
      const file = await keepAnswers(stateFolder, endpoint, {
        answers: outcome.answers,
        now: now(),
      });
      return { ...outcome, endpoint, file };
    },
  };
}
