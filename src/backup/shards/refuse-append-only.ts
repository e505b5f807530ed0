import { MangamotionError } from '../../errors.js';
import type { Destination } from '../../repository/destination.js';

/** Throws `usage`: a run of parts replaces its plan, and removes what it does not need. */
export function refuseAppendOnlyRun({ appendOnly, location }: Destination): void {
  if (appendOnly !== true) return;
  throw new MangamotionError(
    'usage',
    `${location}: an append-only backup cannot be made of parts`,
    { hint: 'Use --workers on one machine, or keys that may delete.' },
  );
}
