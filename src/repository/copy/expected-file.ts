import { MangamotionError } from '../../errors.js';
import { encryptedOf } from '../archives.js';
import { SIDECAR_SUFFIX } from '../names.js';
import type { Summary } from '../summary.js';

/** The length, name and digest that a summary gives for a file of its backup. */
export type ExpectedFile = Pick<Summary, 'archive_bytes'> & {
  archive: Pick<Summary['archive'], 'file' | 'sha256'>;
};

/** What is known of an archive that is copied: that of a backup, or a part. */
export type StoredFile = ExpectedFile & Pick<Summary, 'id'>;

/** Returns the length, name and digest of the sidecar; `undefined` if the backup is not encrypted. */
export function sidecarOf(summary: Pick<Summary, 'id' | 'encryption'>): ExpectedFile | undefined {
  const record = encryptedOf(summary, summary.id)?.record;
  if (record === undefined) return undefined;
  const { bytes, sha256 } = record.index;
  return { archive_bytes: bytes, archive: { file: summary.id + SIDECAR_SUFFIX, sha256 } };
}

export function wrongDigest({ archive }: ExpectedFile): MangamotionError {
  return new MangamotionError(
    'damaged',
    `${archive.file} does not have the SHA-256 in its summary`,
    { hint: 'Run "mangamotion backup verify" on it, and use another backup.' },
  );
}

export function differentBackup(id: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the target has a different backup named ${id}, which stays as it is`,
  );
}
