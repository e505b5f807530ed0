import { constants } from 'node:fs';
import { lstat, mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import type { DaemonLog } from '../log.js';

/** The name of the subfolder of a state folder in which the state lies. Nobody else may use it. */
export const OWN_FOLDER = 'schedule-state';

export function ownFolderOf(stateFolder: string): string {
  return path.join(stateFolder, OWN_FOLDER);
}

const OPEN_TO_OTHERS = 0o077;

/**
 * Makes the subfolder with mode 0700, and closes one that others may use. Resolves to its path. Rejects
 * with `usage` for anything but a folder: a symbolic link may lead to what others can change.
 */
export async function openOwnFolder(stateFolder: string, log: DaemonLog): Promise<string> {
  const folder = ownFolderOf(stateFolder);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw translateFileError(error, 'make', folder);
  }
  await refuseOther(folder);
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  try {
    const handle = await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    try {
      const { mode } = await handle.stat();
      if ((mode & OPEN_TO_OTHERS) === 0) return folder;
      // Some file systems have no modes. What is still open then is reported with the surroundings.
      const isClosed = await handle.chmod(0o700).then(
        () => true,
        () => false,
      );
      if (isClosed) log.warn({ folder }, 'the state was open to others: its mode is 0700 now');
      return folder;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw translateFileError(error, 'open', folder);
  }
}

async function refuseOther(folder: string): Promise<void> {
  const stats = await lstat(folder).catch((error: unknown) => {
    throw translateFileError(error, 'open', folder);
  });
  if (stats.isDirectory()) return;
  const what = stats.isSymbolicLink() ? 'a symbolic link' : stats.isFIFO() ? 'a pipe' : 'a file';
  throw new MangamotionError('usage', `${folder} is ${what}, not a folder`, {
    hint: 'the daemon keeps its state there: remove it, or choose another folder with --state-dir',
  });
}
