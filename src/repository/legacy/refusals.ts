import { MangamotionError } from '../../errors.js';

/** Why a legacy backup cannot be verified. */
export function nothingToCheck({ id }: { id: string }): MangamotionError {
  return new MangamotionError(
    'refused',
    `${id} was made by backup-minio.sh: it has no digests that it could be checked against`,
    {
      hint: 'See what is in it with "mangamotion backup ls"; "mangamotion backup full" makes one that can be verified.',
    },
  );
}

/** What is there is not what the scripts wrote. */
export function damagedLegacy(message: string, cause?: unknown): MangamotionError {
  const hint = 'Copy it again from where it was made, or use another backup.';
  return new MangamotionError('damaged', message, { hint, cause });
}
