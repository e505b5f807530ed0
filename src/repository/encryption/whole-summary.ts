import type { Destination } from '../destination.js';
import { encryptedOf } from '../archives.js';
import type { Summary } from '../summary.js';
import { joinSummary } from './split-summary.js';

/**
 * Resolves to a summary with the failures and losses that an encrypted backup keeps in its sidecar.
 * Rejects with `access_denied` if no key opens it.
 */
export async function wholeSummary(destination: Destination, summary: Summary): Promise<Summary> {
  const encrypted = encryptedOf(summary, summary.id);
  if (encrypted === undefined) return summary;
  const index = await destination.openIndex(summary.id, encrypted);
  try {
    return joinSummary(summary, await index.readAttached());
  } finally {
    await index.close();
  }
}
