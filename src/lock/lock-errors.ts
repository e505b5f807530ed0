import { MangamotionError } from '../errors.js';
import type { Claim } from './claim.js';

const WAIT_HINT =
  'Try again when it is done, or wait for it with "--wait-lock 30m". If that run is dead, its lock ends by itself within minutes.';

/** Another run has the lock; `claim` is `undefined` where its claim cannot be read. */
export function lockedBy(location: string, claim: Claim | undefined): MangamotionError {
  return new MangamotionError('locked', `${location} is locked by ${described(claim)}`, {
    hint: WAIT_HINT,
  });
}

function described(claim: Claim | undefined): string {
  if (claim === undefined) return 'a run whose claim cannot be read';
  const { owner, since } = claim;
  return `"${owner.command}" on ${owner.host} (process ${owner.pid}) since ${since}`;
}

/** We had the lock and have it no longer, or cannot be sure of it. */
export function lockLost(location: string, why: string, cause?: unknown): MangamotionError {
  return new MangamotionError('locked', `the lock of ${location} is lost: ${why}`, {
    hint: 'Run the command again. A machine that sleeps, or a destination out of reach for minutes, ends a lock.',
    cause,
  });
}

/** Nobody can be kept out of a place that does not show what was written to it. */
export function notListed(location: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `${location} cannot be locked: it does not list a file that was just written to it`,
    { hint: 'Run the command again. If that does not help, use another destination.' },
  );
}
