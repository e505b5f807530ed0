import { open, rename, rm } from 'node:fs/promises';
import { MangamotionError } from '../errors.js';
import { errnoOf, explainFileError } from '../files/errors.js';
import type { StoredRecord } from './reset.js';

/** The file that keeps what a reset removes. Its owner alone may read it. */
export interface ResetExport {
  /**
   * Replaces the content. Readers see the old content or the new one, never a mixture, and the new one is
   * on the disk when this resolves. Rejects with `disk`.
   */
  write(records: readonly StoredRecord[]): Promise<void>;
  /** Removes the file. Call it where nothing was removed from Redis. */
  discard(): Promise<void>;
}

/** Rejects with `refused` where the file exists, and with `usage` where it cannot be created. */
export async function createExport(
  path: string,
  about: { userId: string; now: Date },
): Promise<ResetExport> {
  await claim(path);
  return {
    write: async (records) => {
      const document = {
        user_id: about.userId,
        exported_at: about.now.toISOString(),
        records,
      };
      try {
        await replace(path, `${JSON.stringify(document, null, 2)}\n`);
      } catch (cause) {
        const { why } = explainFileError(cause, 'write');
        throw new MangamotionError('disk', `cannot write ${path}: ${why}`, {
          hint: 'nothing more is removed; choose a place with free space with --export',
          cause,
        });
      }
    },
    discard: () => rm(path, { force: true }),
  };
}

async function claim(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') {
      throw new MangamotionError('refused', `${path} already exists, and is never overwritten`, {
        hint: 'name another file with --export',
        cause,
      });
    }
    const { why } = explainFileError(cause, 'write');
    throw new MangamotionError('usage', `cannot create ${path}: ${why}`, {
      hint: 'use --export to name a file in a folder that you can write to',
      cause,
    });
  }
}

async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, path);
}
