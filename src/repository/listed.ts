import { isMangamotionError } from '../errors.js';
import type { BackupEntry, Destination } from './destination.js';
import { SUMMARY_SUFFIX, backupIdOf, partIdOf } from './names.js';

/** What a destination holds, and whether its server shows that nothing is left out. */
export interface Listed {
  names: ReadonlyMap<string, number | undefined>;
  backups: readonly BackupEntry[];
  isProven: boolean;
}

/**
 * Lists a destination. Files are listed before backups: a part that a backup needs is then never found
 * without it. A server that does not show that its listing is complete must not cost any part, nor
 * must a summary that is listed but not found when it is read.
 */
export async function listWithFiles(destination: Destination): Promise<Listed> {
  const names = await destination.files().names();
  const hasParts = [...names.keys()].some((name) => partIdOf(name) !== undefined);
  if (!hasParts) return { names, backups: await destination.list(), isProven: false };
  try {
    const backups = await destination.list({ proven: true });
    return { names, backups, isProven: hasAll(backups, names) };
  } catch (error) {
    if (!isMangamotionError(error, 'refused')) throw error;
    return { names, backups: await destination.list(), isProven: false };
  }
}

/** Whether every summary among the files was read. */
function hasAll(backups: readonly BackupEntry[], names: Listed['names']): boolean {
  const read = new Set(backups.map(({ id }) => id));
  return [...names.keys()].every((name) => {
    const id = name.endsWith(SUMMARY_SUFFIX) ? backupIdOf(name) : undefined;
    return id === undefined || read.has(id);
  });
}
