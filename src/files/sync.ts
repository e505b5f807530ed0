import { open } from 'node:fs/promises';
import { translateFileError } from './errors.js';

/**
 * The suffix of a file or folder that is still being written. It goes when the content is durable.
 */
export const PARTIAL_SUFFIX = '.partial';

/**
 * Syncs a folder, which makes the names in it durable after files were created, renamed or removed.
 */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Syncs a folder of a destination, and translates the error. */
export async function syncChanges(folder: string): Promise<void> {
  try {
    await syncFolder(folder);
  } catch (error) {
    throw translateFileError(error, 'write into', folder);
  }
}
