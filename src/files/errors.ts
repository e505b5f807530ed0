import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { type ErrorCode, MangamotionError, messageOf } from '../errors.js';

interface Meaning {
  code: ErrorCode;
  why: string;
  hint?: string;
}

const DENIED: Meaning = {
  code: 'usage',
  why: 'permission denied',
  hint: 'Grant the user of this command the rights to it, or name another folder.',
};
/** Of the process, or of the whole system. */
const TOO_MANY: Meaning = {
  code: 'disk',
  why: 'too many files are open',
  hint: 'Raise the limit: `ulimit -n` shows it; LimitNOFILE= sets it in systemd.',
};
const MORE_ROOM = 'Free some space, or name a folder on a larger disk.';

/** The meaning of errno values. Every message about a file takes its words from this table. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ENOENT: { code: 'not_found', why: 'it does not exist' },
  ENOTDIR: {
    code: 'usage',
    why: 'part of the path is a file, not a folder',
    hint: 'Name an existing folder.',
  },
  EISDIR: { code: 'usage', why: 'it is a folder', hint: 'Name another path, or move the folder.' },
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: {
    code: 'usage',
    why: 'the file system is read-only',
    hint: 'Name a folder on a writable file system.',
  },
  ENAMETOOLONG: { code: 'usage', why: 'the name is too long', hint: 'Name a shorter path.' },
  EMFILE: TOO_MANY,
  ENFILE: TOO_MANY,
  ENOSPC: { code: 'disk', why: 'no space is left on the disk', hint: MORE_ROOM },
  EDQUOT: { code: 'disk', why: 'the quota of the disk is used up', hint: MORE_ROOM },
  EFBIG: {
    code: 'disk',
    why: 'the file is too large for the file system',
    hint: 'Name a folder on a file system without that limit.',
  },
};

/** A path that leads to something other than a small file. The message is the reason, for people. */
export class UnfitFileError extends Error {
  override readonly name = 'UnfitFileError';
}

/** Returns the error code, the reason in words and the hint for a failure of the file system. */
export function explainFileError(error: unknown, action?: string): Meaning {
  if (error instanceof UnfitFileError) return { code: 'usage', why: error.message };
  const errno = errnoOf(error) ?? '';
  const meaning = Object.hasOwn(MEANINGS, errno) ? MEANINGS[errno] : undefined;
  // Writing creates the file, so it is its folder that is missing.
  if (errno === 'ENOENT' && meaning !== undefined && action === 'write') {
    return { ...meaning, why: 'there is no such folder' };
  }
  return meaning ?? { code: 'disk', why: messageOf(error) };
}

/** What a caller that knows what was being written adds to the hint. */
export interface FileErrorAdvice {
  full?: string;
  tooLarge?: string;
}

/**
 * Translates a failure of the file system into the error that users see: `cannot ACTION PATH: WHY`.
 */
export function translateFileError(
  error: unknown,
  action: string,
  path: string,
  { full, tooLarge }: FileErrorAdvice = {},
): MangamotionError {
  if (error instanceof MangamotionError) return error;
  const { code, why, hint } = explainFileError(error, action);
  const more = hint === MORE_ROOM ? full : errnoOf(error) === 'EFBIG' ? tooLarge : undefined;
  return new MangamotionError(code, `cannot ${action} ${path}: ${why}`, {
    hint: more === undefined ? hint : `${hint} ${more}`,
    cause: error,
  });
}

/** Returns the errno name, such as `ENOENT`; `undefined` if the error has none. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/**
 * Resolves to `undefined` only if there is no such file. Rejects with the translated error where the file system
 * does not tell: that proves neither.
 */
export async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw translateFileError(error, 'read', path);
  }
}
