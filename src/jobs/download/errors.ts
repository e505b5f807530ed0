import { MangamotionError } from '../../errors.js';

/** What goes wrong with the file of a download, for users. */
export function translateDownloadError(error: unknown, path: string): unknown {
  if (error instanceof MangamotionError) return error;
  const code = errnoOf(error);
  if (code === undefined) return error;
  const explain = (why: string) => `cannot write ${path}: ${why}`;
  const misplaced = MISPLACED[code];
  if (misplaced !== undefined) {
    return new MangamotionError('usage', explain(misplaced), {
      hint: 'name an existing folder that you may write, or a file in one, with -o',
      cause: error,
    });
  }
  const reason = FAILED_DISK[code] ?? (error instanceof Error ? error.message : code);
  return new MangamotionError('disk', explain(reason), {
    hint: 'free some space, or name a place on another disk with -o; the same command goes on from what is there',
    cause: error,
  });
}

const MISPLACED: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a file stands where a folder should be',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
};

const FAILED_DISK: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the quota of the disk is used up',
  EFBIG: 'the file is too large for the file system',
};

/** `ENOENT` and the like; `undefined` of what the system did not say. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** A file that may not be overwritten. */
export function inTheWay(path: string, cause?: unknown): MangamotionError {
  return new MangamotionError('refused', `${path} is in the way`, {
    hint: 'run it with --force to overwrite it, or name another place with -o',
    ...(cause === undefined ? {} : { cause }),
  });
}
