import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf } from '../../files/errors.js';
import { parsePartialName, partialName, stateOfWriter, thisWriter } from './partial-name.js';

/** A partial download that this process alone writes. */
export interface TakenPartial {
  path: string;
  /** The path at which any process may continue it. */
  releasedPath: string;
  file: FileHandle;
  /** The number of bytes that were already there. */
  sizeBytes: number;
}

interface Found {
  path: string;
  version: string;
  writer: string | undefined;
}

/**
 * Takes over the partial download of this version of the file `target`, or creates one, and removes those
 * of other versions. Rejects with `locked` where another run is writing it.
 */
export async function takePartial(target: string, version: string): Promise<TakenPartial> {
  const writer = await thisWriter();
  const nameOf = (owner?: string) =>
    path.join(path.dirname(target), partialName(path.basename(target), { version, writer: owner }));
  const own = nameOf(writer);
  const found = await partialsOf(target);
  await refuseOthers(target, found, { version, writer });
  for (const partial of found) await takeOrRemove(partial, version, own);
  // Links are not followed, because others may be able to write into the folder.
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const file = await open(own, flags, 0o666);
  const taken = { path: own, releasedPath: nameOf(), file, sizeBytes: 0 };
  try {
    taken.sizeBytes = (await file.stat()).size;
    // Of two processes that begin at the same time, each sees the other: the smaller name goes on.
    await refuseOthers(target, await partialsOf(target), { version, writer, unlessFirst: true });
    return taken;
  } catch (error) {
    await file.close();
    await leavePartial(taken);
    throw error;
  }
}

/** Leaves the bytes of a closed file to the next run. An empty file is removed. */
export async function leavePartial(
  taken: Pick<TakenPartial, 'path' | 'releasedPath' | 'sizeBytes'>,
): Promise<void> {
  if (taken.sizeBytes === 0) await rm(taken.path, { force: true });
  else await rename(taken.path, taken.releasedPath);
}

async function partialsOf(target: string): Promise<Found[]> {
  const folder = path.dirname(target);
  const name = path.basename(target);
  return (await readdir(folder)).flatMap((file) => {
    const parsed = parsePartialName(name, file);
    return parsed === undefined ? [] : [{ path: path.join(folder, file), ...parsed }];
  });
}

interface Ourselves {
  version: string;
  writer: string;
  unlessFirst?: boolean;
}

async function refuseOthers(
  target: string,
  found: readonly Found[],
  { version, writer, unlessFirst = false }: Ourselves,
): Promise<void> {
  for (const other of found) {
    if (other.version !== version || other.writer === undefined) continue;
    if (other.writer === writer || (unlessFirst && writer < other.writer)) continue;
    if ((await stateOfWriter(other.writer)) !== 'alive') continue;
    const [pid = ''] = other.writer.split('-');
    throw new MangamotionError('locked', `${target} is being downloaded by process ${pid}`, {
      hint: 'wait for it to finish, or choose another place with -o',
    });
  }
}

/** Ignores a file that another run took or removed meanwhile. */
async function takeOrRemove(found: Found, version: string, own: string): Promise<void> {
  const isLeft = found.writer === undefined || (await stateOfWriter(found.writer)) === 'dead';
  if (!isLeft) return;
  try {
    const stats = await lstat(found.path);
    const isOurs = stats.isFile() && stats.uid === (process.getuid?.() ?? stats.uid);
    if (!isOurs) return;
    // A file with a second name is a complete download: writing would change that file.
    if (found.version !== version || stats.nlink > 1) await rm(found.path, { force: true });
    else await rename(found.path, own);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
