import { mkdir } from 'node:fs/promises';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { translateFileError } from '../../files/errors.js';
import { acquireLock } from '../../lock/acquire.js';
import { FolderClaims } from '../../lock/folder-claims.js';
import type { DestinationLock } from '../../lock/held-lock.js';
import { describeOwner } from '../../lock/owner.js';

/**
 * Takes a state folder, which is made where it is not there: one daemon writes into it, or one run
 * beside none. Rejects with `locked` where there is another one.
 */
export async function lockStateFolder(
  folder: string,
  command: string,
  signal: AbortSignal,
): Promise<DestinationLock> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw translateFileError(error, 'make', folder);
  }
  try {
    const owner = await describeOwner(command);
    return await acquireLock(new FolderClaims(folder), { owner, waitMs: 0, signal });
  } catch (cause) {
    if (!isMangamotionError(cause, 'locked')) throw cause;
    throw new MangamotionError('locked', cause.message, {
      hint: 'one daemon for each state folder: end that one, or give this one another with --state-dir',
      cause,
    });
  }
}
