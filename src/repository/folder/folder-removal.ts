import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { syncChanges } from '../../files/sync.js';
import {
  ARCHIVE_SUFFIXES,
  MARKS,
  SIDECAR_SUFFIX,
  SIGNATURE_SUFFIX,
  SUMMARY_SUFFIX,
  markSuffix,
} from '../names.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import { REMOVED_TEXT } from '../removal-mark.js';

/** Removes a backup of either kind from a folder; see `Destination.remove`. */
export async function removeBackup(folder: string, id: string): Promise<void> {
  const path = (suffix: string) => join(folder, id + suffix);
  // The temporary summary marks the archive as ours if this is interrupted.
  await hide(path(SUMMARY_SUFFIX));
  await syncChanges(folder);
  for (const suffix of ARCHIVE_SUFFIXES) await removeFile(path(suffix));
  await removeFile(path(SIDECAR_SUFFIX));
  await removeFile(path(SIGNATURE_SUFFIX));
  await removeTree(path(''));
  for (const mark of MARKS) await removeFile(path(markSuffix(mark)));
  await removeFile(path(SUMMARY_SUFFIX + PARTIAL_SUFFIX));
  await syncChanges(folder);
}

/** Removes a file. A missing file is not an error. */
export async function removeFile(path: string): Promise<void> {
  await unlessGone(path, () => rm(path));
}

/** A full disk must not keep anything from being removed: the name alone says enough for most readers. */
async function hide(path: string): Promise<void> {
  await unlessGone(path, async () => {
    await rename(path, path + PARTIAL_SUFFIX);
    await writeFile(path + PARTIAL_SUFFIX, REMOVED_TEXT).catch(() => undefined);
  });
}

/** Removes a folder under its temporary name, so that an interrupted removal leaves no archive. */
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
