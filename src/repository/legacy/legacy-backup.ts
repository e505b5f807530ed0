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

/** A backup that backup-minio.sh made: there is no summary, and nothing of ours inside. */
export interface LegacyBackup {
  id: string;
  /** The type in the name: nothing else is known of the backup. */
  type: BackupType;
  /** RFC 3339, the name taken for UTC; `null` where it names no time. */
  createdAt: string | null;
  form: 'folder' | 'tar';
  path: string;
  /** The size of the tar.gz; `null` for a folder, whose files a listing does not count. */
  bytes: number | null;
}

/** Lists the legacy backups of a folder by name. Rejects where the folder cannot be listed. */
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

/** Returns the legacy backup of that name; `undefined` where there is none. */
export async function findLegacy(folder: string, id: string): Promise<LegacyBackup | undefined> {
  const type = backupTypeOf(id);
  if (type === undefined) return undefined;
  const path = join(folder, id);
  // With a summary it is a backup of ours, and with a temporary one a run that did not end.
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

/** Returns the length of a tar.gz; `undefined` where it begins like one of ours. */
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
    // The script removes old ones by itself.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw translateFileError(error, 'read', path);
  }
}

/** The scripts made `data` and `metadata`; ours has an index besides, from its first moment on. */
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

/** Says why a legacy backup cannot be verified. */
export function cannotVerifyLegacy({ id }: { id: string }): MangamotionError {
  return new MangamotionError(
    'refused',
    `${id} was made by backup-minio.sh: it has no digests to check it against`,
    {
      hint: 'See what is in it with "mangamotion backup ls"; "mangamotion backup full" makes one that can be verified.',
    },
  );
}

/** Says that a backup is not what the scripts wrote. */
export function damagedLegacy(message: string, cause?: unknown): MangamotionError {
  const hint = 'Copy it again from its original place, or use another backup.';
  return new MangamotionError('damaged', message, { hint, cause });
}

/** Something of a backup that cannot be brought back. */
export interface Shortfall {
  bucket: string;
  /** Empty where it is not an object. */
  key: string;
  /** The document of the bucket, where it is not an object. */
  document?: string;
  reason: string;
}
