import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMemberHeader, MEMBER_HEADER_BYTES } from '../../archive/gzip.js';
import { MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { PARTIAL_SUFFIX } from '../../files/sync.js';
import {
  ARCHIVE_SUFFIX,
  backupIdOf,
  backupTimeOf,
  backupTypeOf,
  SUMMARY_SUFFIX,
  type BackupType,
} from '../names.js';

/** A backup that backup-minio.sh made. It has no summary and no index. */
export interface LegacyBackup {
  id: string;
  type: BackupType;
  /** RFC 3339, from its name, taken as UTC; `null` if the name has no valid time. */
  createdAt: string | null;
  form: 'folder' | 'tar';
  path: string;
  /** The size of the tar.gz; `null` for a folder, whose files are not counted. */
  bytes: number | null;
}

/** Lists the legacy backups of a folder, sorted by id. Rejects if the folder cannot be listed. */
export async function listLegacy(folder: string): Promise<LegacyBackup[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw translateFileError(error, 'list', folder);
  });
  const ids = new Set(names.map(backupIdOf).filter((id) => id !== undefined));
  const found: LegacyBackup[] = [];
  for (const id of [...ids].sort()) {
    const backup = await findLegacy(folder, id);
    if (backup !== undefined) found.push(backup);
  }
  return found;
}

export async function findLegacy(folder: string, id: string): Promise<LegacyBackup | undefined> {
  const type = backupTypeOf(id);
  if (type === undefined) return undefined;
  const path = join(folder, id);
  // With a summary it is one of our backups; with a temporary one it is a leftover.
  for (const suffix of [SUMMARY_SUFFIX, SUMMARY_SUFFIX + PARTIAL_SUFFIX]) {
    if ((await kindOf(path + suffix)) !== undefined) return undefined;
  }
  const time = backupTimeOf(id);
  const createdAt = Number.isNaN(time.getTime()) ? null : time.toISOString();
  const archive = path + ARCHIVE_SUFFIX;
  switch (await kindOf(archive)) {
    case 'file': {
      const bytes = await bytesOfForeign(archive);
      if (bytes === undefined) return undefined;
      return { id, type, createdAt, form: 'tar', path: archive, bytes };
    }
    case undefined:
      if (!(await isScriptFolder(path))) return undefined;
      return { id, type, createdAt, form: 'folder', path, bytes: null };
    case 'folder':
    case 'other':
      return undefined;
  }
}

/** Resolves to the length of a tar.gz; `undefined` if it is one of our archives. */
async function bytesOfForeign(path: string): Promise<number | undefined> {
  try {
    const file = await open(path);
    try {
      const head = Buffer.alloc(MEMBER_HEADER_BYTES);
      const { bytesRead } = await file.read(head, 0, head.length, 0);
      const isOurs = decodeMemberHeader(head.subarray(0, bytesRead)) !== undefined;
      return isOurs ? undefined : (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (error) {
    // The script removes old backups by itself.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw translateFileError(error, 'read', path);
  }
}

/** Whether a folder has `data` or `metadata`, but no `index`, which ours have from the start. */
async function isScriptFolder(path: string): Promise<boolean> {
  if ((await kindOf(path)) !== 'folder') return false;
  if ((await kindOf(join(path, 'index'))) !== undefined) return false;
  const parts = [await kindOf(join(path, 'data')), await kindOf(join(path, 'metadata'))];
  return parts.includes('folder');
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw translateFileError(error, 'read', path);
  }
}

/** Returns the error for a check of a legacy backup. */
export function cannotVerifyLegacy({ id }: { id: string }): MangamotionError {
  return new MangamotionError(
    'refused',
    `${id} was made by backup-minio.sh: it has no digests to check it against`,
    {
      hint: 'See what is in it with "mangamotion backup ls"; "mangamotion backup full" makes one that can be verified.',
    },
  );
}

/** Returns the error for a legacy backup that is damaged, or not one at all. */
export function damagedLegacy(message: string, cause?: unknown): MangamotionError {
  const hint = 'Copy it again from its original place, or use another backup.';
  return new MangamotionError('damaged', message, { hint, cause });
}

/** A part of a backup that cannot be restored. */
export interface Shortfall {
  bucket: string;
  key: string;
  /** The document of the bucket; absent for an object. */
  document?: string;
  reason: string;
}
