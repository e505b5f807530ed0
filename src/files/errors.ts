import { MangamotionError } from '../errors.js';

/** Translates a failure of the file system, and says what to do about it. */
export function translateFileError(error: unknown, action: string, path: string): MangamotionError {
  if (error instanceof MangamotionError) return error;
  const code = errnoOf(error);
  const explain = (why: string) => `cannot ${action} ${path}: ${why}`;
  switch (code ?? '') {
    case 'ENOENT':
      return new MangamotionError('not_found', explain('it does not exist'), { cause: error });
    case 'ENOTDIR':
    case 'EISDIR':
      return new MangamotionError('usage', explain('a file stands where a folder should be'), {
        hint: 'Name an existing folder.',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new MangamotionError('usage', explain('permission denied'), {
        hint: 'Give the user of this command the rights to it, or name another folder.',
        cause: error,
      });
    case 'EROFS':
      return new MangamotionError('usage', explain('the file system is read-only'), {
        hint: 'Name a folder on a file system that can be written to.',
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
      return new MangamotionError('disk', explain('no space is left on the disk'), {
        hint: 'Free some space, or name a folder on a larger disk. What was written of this backup has been removed.',
        cause: error,
      });
    case 'EFBIG':
      return new MangamotionError('disk', explain('the file is too large for the file system'), {
        hint: 'Name a folder on a file system without that limit, or back up fewer buckets at a time with --bucket.',
        cause: error,
      });
    default:
      return new MangamotionError(
        'disk',
        explain(error instanceof Error ? error.message : String(error)),
        { cause: error },
      );
  }
}

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}
