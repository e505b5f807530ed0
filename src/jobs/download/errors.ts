import { MangamotionError } from '../../errors.js';
import { errnoOf, explainFileError } from '../../files/errors.js';

/** Translates a failure of the file of a download; other errors stay as they are. */
export function translateDownloadError(error: unknown, path: string): unknown {
  if (error instanceof MangamotionError) return error;
  if (errnoOf(error) === undefined) return error;
  const { code, why } = explainFileError(error, 'write');
  const isDisk = code === 'disk';
  return new MangamotionError(isDisk ? 'disk' : 'usage', `cannot write ${path}: ${why}`, {
    hint: isDisk
      ? 'free some space, or choose a place on another disk with -o; the same command resumes the download'
      : 'name an existing folder that you may write, or a file in one, with -o',
    cause: error,
  });
}

/** A file that may not be overwritten. */
export function inTheWay(path: string, cause?: unknown): MangamotionError {
  return new MangamotionError('refused', `${path} already exists`, {
    hint: 'run it with --force to overwrite it, or name another place with -o',
    ...(cause === undefined ? {} : { cause }),
  });
}
