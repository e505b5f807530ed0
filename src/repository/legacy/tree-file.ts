import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { damagedLegacy } from './refusals.js';

const READ_BYTES = 1024 * 1024;
/** What became a link or a pipe since the folder was listed is not followed, and not waited for. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** A file that a walk has named, piece by piece: `size` bytes, or it rejects with `damaged`. */
export async function* readTreeFile(path: string, size: number): AsyncGenerator<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, FLAGS);
    const found = await file.stat();
    if (!found.isFile() || found.size !== size) throw changed(path);
    for (let left = size; left > 0;) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(left, READ_BYTES));
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) throw changed(path);
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) {
      throw changed(path, error);
    }
    throw translateFileError(error, 'read', path);
  } finally {
    await file?.close();
  }
}

function changed(path: string, cause?: unknown) {
  return damagedLegacy(`${path} was changed while it was read`, cause);
}
