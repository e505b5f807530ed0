import { open } from 'node:fs/promises';
import { translateFileError } from './errors.js';

/**
 * Ends the name of what is still being written: a file or folder of that name may be half there, and
 * loses the suffix when it is whole and durable.
 */
export const PARTIAL_SUFFIX = '.partial';

/** A name is durable (created or renamed) when its folder is. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The same, for what was removed or marked in a destination. */
export async function syncChanges(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    throw translateFileError(error, 'write into', folder);
  }
}
