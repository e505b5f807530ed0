import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const SHARED_MEMORY = '/dev/shm';
const LEAST_FREE_BYTES = 4 * 1024 ** 3;

/**
 * Puts the temporary files of the tests into memory where there is enough of it. They are many and
 * small, and a disk takes longer to create them than the tests take. A TMPDIR that is set stays.
 */
export function useMemoryForTemporaryFiles(): void {
  if (process.env.TMPDIR !== undefined || !hasRoom(SHARED_MEMORY)) return;
  const folder = mkdtempSync(join(SHARED_MEMORY, 'mangamotion-tests-'));
  process.env.TMPDIR = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return Math.min(bavail * bsize, freemem()) > LEAST_FREE_BYTES;
  } catch {
    return false;
  }
}
