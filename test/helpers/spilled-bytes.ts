import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** The bytes of the temporary files that this process has open, though they have no names any more. */
export function spilledBytes(): Buffer[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    const file = `/proc/self/fd/${number}`;
    try {
      return readlinkSync(file).includes('/mangamotion-spill-') ? [readFileSync(file)] : [];
    } catch {
      // It was closed meanwhile.
      return [];
    }
  });
}
