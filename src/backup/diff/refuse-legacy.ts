import { MangamotionError } from '../../errors.js';
import type { LocatedBackup } from '../../repository/located-backup.js';

/** Throws `refused`: without an index every object would have to be read, and nothing tells its attributes. */
export function refuseLegacy({ legacy }: LocatedBackup): void {
  if (legacy === undefined) return;
  throw new MangamotionError(
    'refused',
    `${legacy.found.id} was made by backup-minio.sh: it has no index that could be compared`,
    { hint: 'List its objects with "mangamotion backup ls", or restore it and back it up again.' },
  );
}
