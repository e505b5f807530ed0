import type { BackupEntry, Destination } from '../../repository/destination.js';
import { signersOfParents } from '../../repository/encryption/sign-summary.js';
import { readSigned } from '../../repository/signed-backup.js';

/**
 * Resolves to a backup from which a new one may take objects, with the summary that was signed; or to
 * why it must not. A run that signs would otherwise sign what somebody else has put into the destination.
 */
export async function signedForUse(
  destination: Destination,
  backup: BackupEntry,
): Promise<{ backup: BackupEntry } | { why: string }> {
  const signers = await signersOfParents(destination.vault);
  if (signers === undefined) return { backup };
  const signed = await readSigned(destination, backup, signers);
  return 'fault' in signed ? { why: signed.message } : { backup: signed.backup };
}
