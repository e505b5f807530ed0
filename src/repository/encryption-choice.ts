import { LOST_RECIPIENTS_HINT } from '../config/hints.js';
import { MangamotionError } from '../errors.js';
import type { BackupEntry, Destination } from './destination.js';

/** Whether the backups of a destination are encrypted is decided once, not by a lost setting. Pure. */

/**
 * Throws `refused` if the new backup would be in plain text although the newest one is encrypted: a
 * setting may have been lost.
 */
export function refusePlainAfterEncrypted(
  { location, vault }: Pick<Destination, 'location' | 'vault'>,
  backups: readonly BackupEntry[],
  isIntended: boolean,
): void {
  if (vault.recipients.length > 0 || isIntended) return;
  const newest = backups.findLast(({ summary }) => summary.kind === 'valid');
  if (newest === undefined || !isEncrypted(newest)) return;
  throw new MangamotionError(
    'refused',
    `${newest.id} in ${location} is encrypted, and this backup would not be: no recipient is set`,
    { hint: LOST_RECIPIENTS_HINT },
  );
}

/**
 * Returns the backups that a new one may refer to: an encrypted backup refers to no plain text, and one
 * in plain text has no records of encrypted archives.
 */
export function refersTo(
  { vault }: Pick<Destination, 'vault'>,
  backups: readonly BackupEntry[],
): readonly BackupEntry[] {
  const willBeEncrypted = vault.recipients.length > 0;
  return backups.filter((backup) => isEncrypted(backup) === willBeEncrypted);
}

export function isEncrypted({ summary }: Pick<BackupEntry, 'summary'>): boolean {
  return summary.kind === 'valid' && summary.summary.encryption !== undefined;
}
