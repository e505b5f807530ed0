import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { syncChanges } from '../../files/sync.js';
import { ARCHIVE_SUFFIX, MARKS, SUMMARY_SUFFIX, markSuffix } from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';

/** Removes a backup from a folder, of either kind; see `Destination.remove`. */
export async function removeBackup(folder: string, id: string): Promise<void> {
  const path = (suffix: string) => join(folder, id + suffix);
  // Under its temporary name the summary tells that the archive is ours, should we die on the way.
  await hide(path(SUMMARY_SUFFIX));
  await syncChanges(folder);
  await removeFile(path(ARCHIVE_SUFFIX));
  await removeTree(path(''));
  for (const mark of MARKS) await removeFile(path(markSuffix(mark)));
  await removeFile(path(SUMMARY_SUFFIX + PARTIAL_SUFFIX));
  await syncChanges(folder);
}

/** Removes a file. A file that is already gone is not an error. */
export async function removeFile(path: string): Promise<void> {
  await unlessGone(path, () => rm(path));
}

async function hide(path: string): Promise<void> {
  await unlessGone(path, () => rename(path, path + PARTIAL_SUFFIX));
}

/** Under its temporary name, so that what is left of it if we die is no archive. */
async function removeTree(path: string): Promise<void> {
  await unlessGone(path, async () => {
    if (!(await stat(path)).isDirectory()) return;
    await rename(path, path + PARTIAL_SUFFIX);
    await rm(path + PARTIAL_SUFFIX, { recursive: true });
  });
}

async function unlessGone(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'remove', path);
  }
}
