import { LARGEST_SIGNATURE_BYTES, LARGEST_SUMMARY_BYTES } from '../archive/limits.js';
import { MangamotionError } from '../errors.js';
import type { PublicKey } from '../signature/keys.js';
import { type SignatureFault, checkSignature } from '../signature/signature-file.js';
import type { BackupEntry, Destination } from './destination.js';
import type { LocatedBackup } from './located-backup.js';
import { SIGNATURE_SUFFIX, SUMMARY_SUFFIX } from './names.js';
import { decodeSummary } from './summary-codec.js';

/**
 * A signature of a summary covers the whole backup: the summary has the digest of the directory, which
 * has those of the index chunks and documents, and they have those of the objects, in whichever archive
 * they lie. The summaries of the archives that a backup refers to are not needed for that.
 */

/** The summary as it was signed, or what is wrong. */
export type SignedBackup =
  | { backup: BackupEntry; signedBy: string }
  | { fault: SignatureFault; message: string };

/**
 * Reads a summary and its signature. What is checked is what the caller gets: the summary that was read
 * before may have been another one. Rejects with `not_found` if the backup has been removed.
 */
export async function readSigned(
  destination: Pick<Destination, 'readFile' | 'location'>,
  backup: BackupEntry,
  signers: readonly PublicKey[],
): Promise<SignedBackup> {
  const { id } = backup;
  const [name, signatureName] = [id + SUMMARY_SUFFIX, id + SIGNATURE_SUFFIX];
  const content = await destination.readFile(name, LARGEST_SUMMARY_BYTES);
  if (content === undefined) {
    throw new MangamotionError('not_found', `no backup ${id} in ${destination.location}`);
  }
  const file = await destination.readFile(signatureName, LARGEST_SIGNATURE_BYTES);
  if (file === undefined) {
    return { fault: 'signature_missing', message: `${signatureName} is missing` };
  }
  const unfit = file === 'unfit' ? signatureName : content === 'unfit' ? name : undefined;
  if (file === 'unfit' || content === 'unfit') {
    return { fault: 'signature_unreadable', message: `${unfit} is too large, or is no file` };
  }
  const checked = checkSignature(file, { content, fileName: name }, signers);
  if ('fault' in checked) return checked;
  const summary = decodeSummary(content);
  if (summary.kind === 'valid' && summary.summary.id !== id) {
    const message = `${name} is signed, but is the summary of ${summary.summary.id}`;
    return { fault: 'signature_of_other', message };
  }
  return { backup: { ...backup, summary }, signedBy: checked.signedBy };
}

/**
 * Resolves to the backup with the summary that was signed, where signers are set. Rejects with `damaged`
 * if none of them signed it.
 */
export async function requireSigned(located: LocatedBackup): Promise<LocatedBackup> {
  const { destination, backup, legacy } = located;
  const { signers } = destination.vault;
  if (signers.length === 0) return located;
  if (legacy !== undefined) {
    throw notSigned(`${backup.id} was made by backup-minio.sh and has no signature`);
  }
  const signed = await readSigned(destination, backup, signers);
  if ('fault' in signed) throw notSigned(signed.message);
  return { ...located, backup: signed.backup };
}

function notSigned(message: string): MangamotionError {
  return new MangamotionError('damaged', message, {
    hint: 'Nothing was changed. Use a backup that is signed ("mangamotion backup verify --signer" checks one), and see "mangamotion help security".',
  });
}
