import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { MangamotionError } from '../../errors.js';
import { errnoOf } from '../../files/errors.js';

/** The place where the results of jobs are written. */
export type Target = { kind: 'folder'; folder: string } | { kind: 'file'; file: string };

/**
 * Resolves to the folder that `named` names, or else to a file, which takes only one result; without
 * `named` it is the folder `cwd`. Rejects with `usage` for a folder that does not exist, and for a file
 * with several jobs.
 */
export async function chooseTarget(
  named: string | undefined,
  cwd: string,
  jobCount: number,
): Promise<Target> {
  const full = path.resolve(cwd, named ?? '.');
  if (await isFolder(full)) return { kind: 'folder', folder: full };
  if (named?.endsWith('/') === true || named?.endsWith(path.sep) === true) {
    throw new MangamotionError('usage', `${named} is not a folder`, { hint: 'create it first' });
  }
  if (jobCount === 1) return { kind: 'file', file: full };
  throw new MangamotionError(
    'usage',
    `${named ?? cwd} is not a folder, and there are several jobs`,
    {
      hint: 'name an existing folder with -o, or give one job',
    },
  );
}

/** Returns the absolute path of the file for the result with this key. */
export function fileFor(target: Target, jobId: string, key: string): string {
  return target.kind === 'file' ? target.file : path.join(target.folder, localName(jobId, key));
}

async function isFolder(full: string): Promise<boolean> {
  try {
    return (await stat(full)).isDirectory();
  } catch (error) {
    // Other problems with the path show when it is written.
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

/** The most characters of an id, so that a name stays far below the limit of 255 bytes. */
const MOST_ID_LENGTH = 80;

const VIDEO_ENDINGS = ['.mp4', '.webm', '.mov', '.mkv'];

/**
 * Returns the name of the file for the result of a job: `4711-result.zip`, `4711-video.mp4`. A job id may
 * be hostile text. If it is not a plain word, the name consists of its plain characters and a digest, so
 * that it never leaves its folder, is never hidden or taken for an option, and no two ids have one name.
 */
export function localName(jobId: string, key: string, kind?: 'preview'): string {
  const [ending = ''] = /\.[A-Za-z0-9]{1,8}$/.exec(key) ?? [];
  const what = kind ?? (VIDEO_ENDINGS.includes(ending.toLowerCase()) ? 'video' : 'result');
  return `${safeWord(jobId)}-${what}${ending}`;
}

function safeWord(jobId: string): string {
  const isPlain = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(jobId) && jobId.length <= MOST_ID_LENGTH;
  if (isPlain) return jobId;
  const plain = jobId.slice(0, MOST_ID_LENGTH).replace(/[^A-Za-z0-9._-]|^[.-]/g, '_');
  // A plain word has no tilde, so no other id has this name.
  return `${plain === '' ? '_' : plain}~${createHash('sha256').update(jobId).digest('hex').slice(0, 12)}`;
}
