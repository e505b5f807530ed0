import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../errors.js';
import { UnfitFileError, errnoOf, translateFileError } from '../../files/errors.js';

export interface LogEnd {
  bytes: Buffer;
  /** Whether the log has more before them. */
  isCut: boolean;
}

/**
 * Reads the end of a run's log; one that is cut begins with a whole line. `logFile` is the path in the
 * record of the run. A path that leaves the state folder, a link, a pipe and a device are refused with
 * `refused`. Rejects with `not_found` if the log was removed.
 */
export async function readLogEnd(
  stateFolder: string,
  logFile: string,
  mostBytes: number,
): Promise<LogEnd> {
  const file = path.join(stateFolder, logFile);
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    const handle = await open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new UnfitFileError('it is not a file');
      await expectInside(stateFolder, file, stats);
      const from = Math.max(0, stats.size - mostBytes);
      const wanted = Math.min(stats.size, mostBytes);
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, from);
      const bytes = buffer.subarray(0, bytesRead);
      const lineEnd = from === 0 ? -1 : bytes.indexOf(0x0a);
      return { bytes: bytes.subarray(lineEnd + 1), isCut: from > 0 };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw logError(error);
  }
}

/** A folder on the way may be a link. What was opened must be what lies at the real path. */
async function expectInside(
  stateFolder: string,
  file: string,
  opened: { dev: number; ino: number },
): Promise<void> {
  const [folder, real] = [await realpath(stateFolder), await realpath(file)];
  const { dev, ino } = await stat(real);
  const isInside = real.startsWith(folder + path.sep) && dev === opened.dev && ino === opened.ino;
  if (!isInside) throw new UnfitFileError('it is not in the state folder');
}

function logError(error: unknown): MangamotionError {
  const errno = errnoOf(error);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') {
    return new MangamotionError('not_found', 'the log of this run was removed', { cause: error });
  }
  // ELOOP: a link. ENXIO: a socket.
  if (error instanceof UnfitFileError || errno === 'ELOOP' || errno === 'ENXIO') {
    const why = error instanceof UnfitFileError ? error.message : 'it is not a file';
    return new MangamotionError('refused', `the log of this run is not read: ${why}`, {
      cause: error,
    });
  }
  return translateFileError(error, 'read', 'the log of this run');
}
