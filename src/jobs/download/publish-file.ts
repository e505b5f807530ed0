import { link, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf } from '../../files/errors.js';
import { syncFolder } from '../../files/sync.js';

/** Rejects with `refused` where the target exists, and with `force` where it is not a file. */
export async function refuseInTheWay(target: string, force: boolean): Promise<void> {
  const stats = await lstat(target).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (stats === undefined) return;
  if (stats.isFile() || stats.isSymbolicLink()) {
    if (force) return;
    throw inTheWay(target);
  }
  throw new MangamotionError('refused', `${target} exists and is not a file`, {
    hint: 'name another place with -o; -o - writes to stdout',
  });
}

/**
 * Gives a complete file its name. Without `force`, it rejects with `refused` if a file was created there
 * meanwhile. Readers see the old file or the whole new one.
 */
export async function publishFile(partial: string, target: string, force: boolean): Promise<void> {
  await refuseInTheWay(target, force);
  if (force) await rename(partial, target);
  else await linkInto(partial, target);
  await syncFolder(path.dirname(target));
}

/** The errors of file systems without links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

async function linkInto(partial: string, target: string): Promise<void> {
  try {
    await link(partial, target);
    await rm(partial, { force: true });
  } catch (error) {
    const code = errnoOf(error) ?? '';
    if (code === 'EEXIST') throw inTheWay(target, error);
    if (!NO_LINKS.includes(code)) throw error;
    await claimAndRename(partial, target);
  }
}

/** Reserves the name with an empty file, which only one of several processes can create. */
async function claimAndRename(partial: string, target: string): Promise<void> {
  try {
    await (await open(target, 'wx')).close();
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? inTheWay(target, error) : error;
  }
  await rename(partial, target);
}

/** Returns the error for a file that may not be overwritten. */
function inTheWay(path: string, cause?: unknown): MangamotionError {
  return new MangamotionError('refused', `${path} already exists`, {
    hint: 'run it with --force to overwrite it, or name another place with -o',
    ...(cause === undefined ? {} : { cause }),
  });
}
