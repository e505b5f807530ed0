import { isMangamotionError } from '../../errors.js';
import type { Destination } from '../destination.js';
import type { Summary } from '../summary.js';
import { wholeSummary } from './whole-summary.js';

/**
 * Resolves to a summary with what its sidecar holds, if a key opens it; otherwise to the summary as it
 * is, which counts what it does not name. `hidden` says why.
 */
export async function shownSummary(
  destination: Destination,
  summary: Summary,
): Promise<{ summary: Summary; hidden: string | undefined }> {
  try {
    return { summary: await wholeSummary(destination, summary), hidden: undefined };
  } catch (error) {
    // With a request it is the store that denies access.
    const isLocked = isMangamotionError(error, 'access_denied') && error.request === undefined;
    if (!isLocked) throw error;
    return { summary, hidden: error.message };
  }
}
