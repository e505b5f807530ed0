import { opendir } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectStore } from '../../object-store/port.js';
import { backupIdOf, backupTimeOf, backupTypeOf } from '../../repository/names.js';
import { isS3Url } from '../../repository/s3/s3-location.js';

/** Entries of a folder, or keys of a bucket, that are looked at. */
const MOST_ENTRIES = 5000;
const KEYS_A_PAGE = 1000;

/** How to look for backups: from this folder, or in the store of `s3://` destinations. */
export interface BackupPlaces {
  cwd: string;
  home: string | undefined;
  openBackupStore: () => Promise<ObjectStore>;
  signal: AbortSignal;
}

/** Resolves to paths or URLs of backups that begin with what was typed. */
export async function backupsAt(typed: string, places: BackupPlaces): Promise<string[]> {
  if (isS3Url(typed)) {
    const { buckets, backups } = await inBuckets(typed, places);
    return [...buckets, ...newestFirst(backups)];
  }
  const folder = typed.slice(0, typed.lastIndexOf('/') + 1);
  const ids = await idsInFolder(folder === '' ? '.' : folder, places);
  return newestFirst(ids.map((id) => folder + id));
}

/** Resolves to URLs of destinations that begin with what was typed: the shell knows the folders. */
export async function destinationsAt(typed: string, places: BackupPlaces): Promise<string[]> {
  if (!isS3Url(typed)) return [];
  const { buckets, backups } = await inBuckets(typed, places);
  return [...buckets, ...backups.map((url) => path.posix.dirname(url))];
}

/** Resolves to the ids of the backups at a destination, newest first. */
export async function idsAt(location: string, places: BackupPlaces): Promise<string[]> {
  const ids = isS3Url(location)
    ? (await backupsAt(`${location.replace(/\/+$/, '')}/`, places)).map((url) =>
        path.posix.basename(url),
      )
    : await idsInFolder(location, places);
  return newestFirst(ids);
}

async function idsInFolder(folder: string, { cwd, home }: BackupPlaces): Promise<string[]> {
  const at = home !== undefined && /^~(?:\/|$)/.test(folder) ? home + folder.slice(1) : folder;
  const ids = new Set<string>();
  let seen = 0;
  for await (const { name } of await opendir(path.resolve(cwd, at), { bufferSize: 256 })) {
    const id = backupIdOf(name);
    if (id !== undefined) ids.add(id);
    if (++seen === MOST_ENTRIES) break;
  }
  return [...ids];
}

/** Either buckets, where no bucket is typed in full, or the URLs of backups. */
async function inBuckets(
  typed: string,
  { openBackupStore, signal }: BackupPlaces,
): Promise<{ buckets: string[]; backups: string[] }> {
  const [, scheme = '', bucket = '', slash, prefix = ''] =
    /^(s3:\/\/)([^/]*)(\/)?(.*)$/is.exec(typed) ?? [];
  const store = await openBackupStore();
  if (slash === undefined) {
    const found = await store.listBuckets({ signal, attempts: 1 });
    return { buckets: found.map(({ name }) => `${scheme}${name}/`), backups: [] };
  }
  const backups = new Set<string>();
  let token: string | undefined;
  for (let seen = 0; seen < MOST_ENTRIES; seen += KEYS_A_PAGE) {
    const options = { prefix, token, signal, attempts: 1, maxKeys: KEYS_A_PAGE };
    const page = await store.listPage(bucket, options);
    for (const { key } of page.objects) {
      const at = key.lastIndexOf('/') + 1;
      const id = backupIdOf(key.slice(at));
      if (id !== undefined) backups.add(`${scheme}${bucket}/${key.slice(0, at)}${id}`);
    }
    token = page.nextToken ?? undefined;
    if (token === undefined) break;
  }
  return { buckets: [], backups: [...backups] };
}

/** Sorts ids, or paths that end in one. */
function newestFirst(backups: readonly string[]): string[] {
  const timeOf = (backup: string) => backupTimeOf(path.posix.basename(backup)).getTime();
  return backups.toSorted((a, b) => timeOf(b) - timeOf(a));
}

/** The newest of these ids that has objects. */
export function newestWithObjects(ids: readonly string[]): string | undefined {
  return ids.find((id) => backupTypeOf(id) !== 'metadata');
}
