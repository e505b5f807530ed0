import { MangamotionError } from '../errors.js';
import type { BackupEntry } from './destination.js';
import { type Mark, SIGNATURE_SUFFIX, markSuffix } from './names.js';

/** What every destination tells of a backup in the same way. Pure. */

/** Returns what the names of the files beside a summary tell of its backup. */
export function marksBeside(
  id: string,
  names: { has: (name: string) => boolean },
): Pick<BackupEntry, 'expired' | 'accepted' | 'retired' | 'hasSignature'> {
  const isMarked = (mark: Mark) => names.has(id + markSuffix(mark));
  return {
    expired: isMarked('expired'),
    ...(isMarked('accepted') ? { accepted: true } : {}),
    ...(isMarked('retired') ? { retired: true } : {}),
    ...(names.has(id + SIGNATURE_SUFFIX) ? { hasSignature: true } : {}),
  };
}

/** `hasArchive`: its archive is there, and only the summary is missing. */
export function noSuchBackup(id: string, location: string, hasArchive: boolean): MangamotionError {
  const message = hasArchive
    ? `${id} has an archive but no summary: the backup was never completed`
    : `no backup ${id} in ${location}`;
  return new MangamotionError('not_found', message, {
    hint: `See what there is with "mangamotion backup list ${location}".`,
  });
}
