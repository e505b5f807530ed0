import { stat } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf } from './errors.js';
import { localName } from './local-name.js';

/** Where the results of jobs go to. */
export type Target = { kind: 'folder'; folder: string } | { kind: 'file'; file: string };

/**
 * What `named` stands for: a folder where one is there or it ends with a slash, else a file, which
 * takes one result. Nothing named is the folder `cwd`. Rejects with `usage`.
 */
export async function chooseTarget(
  named: string | undefined,
  cwd: string,
  jobCount: number,
): Promise<Target> {
  const full = path.resolve(cwd, named ?? '.');
  if (await isFolder(full)) return { kind: 'folder', folder: full };
  if (named?.endsWith('/') === true || named?.endsWith(path.sep) === true) {
    throw new MangamotionError('usage', `${named} is no folder`, { hint: 'make it first' });
  }
  if (jobCount === 1) return { kind: 'file', file: full };
  throw new MangamotionError('usage', `${named ?? cwd} is no folder, and there are several jobs`, {
    hint: 'name a folder that is there with -o, or one job',
  });
}

/** The absolute path of the file for the result with this key. */
export function fileFor(target: Target, jobId: string, key: string): string {
  return target.kind === 'file' ? target.file : path.join(target.folder, localName(jobId, key));
}

async function isFolder(full: string): Promise<boolean> {
  try {
    return (await stat(full)).isDirectory();
  } catch (error) {
    // What else is wrong with it comes up when it is written.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
