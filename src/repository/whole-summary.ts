import { isMangamotionError } from '../errors.js';
import type { Destination } from './destination.js';
import { encryptedOf } from './archives.js';
import type { Summary } from './summary.js';
import { joinSummary } from './encryption/split-summary.js';
import type { LocatedBackup } from './located-backup.js';
import { type OpenCommitted, openCommitted } from './open-backup.js';

/**
 * Resolves to a summary with the failures and losses that an encrypted backup keeps in its sidecar.
 * Rejects with `access_denied` if no key opens it.
 */
async function wholeSummary(destination: Destination, summary: Summary): Promise<Summary> {
  const encrypted = encryptedOf(summary, summary.id);
  if (encrypted === undefined) return summary;
  const index = await destination.openIndex(summary.id, encrypted);
  try {
    return joinSummary(summary, await index.readAttached());
  } finally {
    await index.close();
  }
}

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
    // An error that carries a request comes from the store, which denies access.
    const isLocked = isMangamotionError(error, 'access_denied') && error.request === undefined;
    if (!isLocked) throw error;
    return { summary, hidden: error.message };
  }
}

/** Opens a backup of this program with its whole summary. Rejects as `openCommitted`. */
export async function openWithFailures(located: LocatedBackup): Promise<OpenCommitted> {
  const open = await openCommitted(located);
  try {
    return { ...open, summary: await wholeSummary(located.destination, open.summary) };
  } catch (error) {
    await open.archives.close();
    throw error;
  }
}
