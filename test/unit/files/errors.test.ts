import { describe, expect, it } from 'vitest';
import { MangamotionError } from '../../../src/errors.js';
import { translateFileError } from '../../../src/files/errors.js';
import { translateDownloadError } from '../../../src/jobs/download/file.js';
import { DRAFT_ADVICE } from '../../../src/repository/archive-draft.js';

const failure = (code: string) => Object.assign(new Error(`${code}: it failed`), { code });

const MEANINGS = [
  ['ENOTDIR', 'usage', 'part of the path is a file, not a folder'],
  ['EISDIR', 'usage', 'it is a folder'],
  ['EACCES', 'usage', 'permission denied'],
  ['EPERM', 'usage', 'permission denied'],
  ['EROFS', 'usage', 'the file system is read-only'],
  ['ENAMETOOLONG', 'usage', 'the name is too long'],
  ['ENOSPC', 'disk', 'no space is left on the disk'],
  ['EDQUOT', 'disk', 'the quota of the disk is used up'],
  ['EFBIG', 'disk', 'the file is too large for the file system'],
  ['EIO', 'disk', 'EIO: it failed'],
] as const;

describe('a failure of the file system', () => {
  it.each(MEANINGS)('%s is %s: %s, for every file and for a download', (errno, code, why) => {
    const error = failure(errno);
    const message = `cannot write /x: ${why}`;
    expect(translateFileError(error, 'write', '/x')).toMatchObject({ code, message, cause: error });
    expect(translateDownloadError(error, '/x')).toMatchObject({ code, message, cause: error });
  });

  it('of a folder that is missing is named by what was done', () => {
    const missing = failure('ENOENT');
    expect(translateFileError(missing, 'read', '/x').message).toBe(
      'cannot read /x: it does not exist',
    );
    expect(translateFileError(missing, 'write', '/x/y')).toMatchObject({
      ...{ code: 'not_found', message: 'cannot write /x/y: there is no such folder' },
    });
    expect(translateDownloadError(missing, '/x/y')).toMatchObject({
      ...{ code: 'usage', message: 'cannot write /x/y: there is no such folder' },
    });
  });

  it('stays as it is where it was translated before, or does not come from the system', () => {
    const own = new MangamotionError('locked', 'x');
    expect(translateFileError(own, 'read', '/x')).toBe(own);
    expect(translateDownloadError(own, '/x')).toBe(own);
    const bug = new TypeError('x');
    expect(translateDownloadError(bug, '/x')).toBe(bug);
    expect(translateFileError('constructor', 'read', '/x')).toMatchObject({ code: 'disk' });
  });
});

describe('the hint of a full disk', () => {
  it.each(['ENOSPC', 'EDQUOT'])('speaks of a backup only where one was written: %s', (errno) => {
    const room = 'Free some space, or name a folder on a larger disk.';
    const hint = (...advice: [] | [typeof DRAFT_ADVICE]) =>
      translateFileError(failure(errno), 'write', '/state/state.json', ...advice).hint;
    expect(hint()).toBe(room);
    expect(hint(DRAFT_ADVICE)).toBe(`${room} The unfinished backup has been removed.`);
    expect(translateDownloadError(failure(errno), '/x')).toMatchObject({
      hint: expect.stringContaining('the same command resumes') as string,
    });
  });

  it('is no hint of another failure', () => {
    const hintOf = (errno: string) =>
      translateFileError(failure(errno), 'write', '/x', DRAFT_ADVICE).hint;
    expect(hintOf('EROFS')).not.toContain('backup');
    expect(hintOf('EFBIG')).toContain('--bucket');
    expect(hintOf('EIO')).toBeUndefined();
  });
});
