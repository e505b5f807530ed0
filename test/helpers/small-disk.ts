import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtExit } from './child-processes.js';

export interface SmallDisk {
  folder: string;
  /** Nothing can be written from now on. */
  makeReadOnly: () => void;
  unmount: () => void;
}

/** A file system that is soon full; `undefined` where this user may not mount one. */
export function mountSmallDisk(sizeBytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-small-disk-'));
  const remove = removeAtExit(folder);
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder];
    execFileSync('mount', options, { stdio: 'ignore' });
  } catch {
    remove();
    return undefined;
  }
  return {
    folder,
    makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', folder]),
    unmount: () => {
      execFileSync('umount', [folder]);
      remove();
    },
  };
}
