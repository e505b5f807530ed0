import { MangamotionError, isMangamotionError } from '../../../errors.js';
import type { BackupEntry, Destination } from '../../../repository/destination.js';
import { backupIdOf } from '../../../repository/names.js';
import { type Readings, readReadings } from '../../../repository/readings.js';

/**
 * Resolves to the backups of a destination and the record of what was read of them. Rejects with
 * `not_found` if there are no backups, and with `refused` if the listing cannot be trusted.
 */
export async function listToVerify(
  destination: Destination,
): Promise<{ backups: BackupEntry[]; earlier: Readings | undefined }> {
  // It is read first: what it names was there when the listing began, or has been removed.
  const earlier = await readReadings(destination);
  const backups = await destination.list({ proven: true });
  await refuseIfLeftOut(destination, backups, earlier);
  // It may be a disk that is not mounted: that nothing is damaged would be no answer.
  if (backups.length === 0) throw nothingThere(destination.location);
  return { backups, earlier };
}

function nothingThere(location: string): MangamotionError {
  return new MangamotionError('not_found', `there are no backups in ${location} to be read`, {
    hint: 'Check that its disk is mounted, or that its prefix is right.',
  });
}

/** Backups that are missing from the listing would be dropped from the record. A backup that was removed cannot be read either. */
async function refuseIfLeftOut(
  destination: Destination,
  backups: readonly BackupEntry[],
  readings: Readings | undefined,
): Promise<void> {
  const listed = new Set(backups.map(({ id }) => id));
  for (const id of readings?.archives.keys() ?? []) {
    if (listed.has(id) || backupIdOf(id) !== id || (await isRemoved(destination, id))) continue;
    throw new MangamotionError(
      'refused',
      `the listing of ${destination.location} leaves out backups that exist, such as ${id}`,
      { hint: 'Run the command again. If it fails again, the server does not list what it holds.' },
    );
  }
}

/** Asks for a backup by its name whether it was removed: a listing may have left it out. */
export async function isRemoved(destination: Destination, id: string): Promise<boolean> {
  try {
    await destination.read(id);
    return false;
  } catch (error) {
    if (isMangamotionError(error, 'not_found')) return true;
    throw error;
  }
}
