import type { Dirent, Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChunkReference } from '../../archive/directory.js';
import { errnoOf, translateFileError } from '../../files/errors.js';
import { compareKeys } from '../../key-order.js';
import type { Shortfall } from './legacy-backup.js';

/** The files below `data`, counted but not read. Each chunk's files are read with it. */
export interface LegacyObjects {
  buckets: Map<string, { objects: number; bytes: number }>;
  chunks: ChunkReference[];
  shortfalls: Shortfall[];
  problems: string[];
}

/** The most files in a chunk: their digests are computed and held together. */
const MAX_FILES = 8192;
/**
 * The most bytes in a chunk: a restore reads them twice, for the digests and for the uploads, and
 * the second time they should come from the page cache.
 */
const MAX_BYTES = 256 * 1024 * 1024;

/** Matches bucket names of S3, including those that only old servers accept. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$/;

export function isBucketName(name: string): boolean {
  return BUCKET_NAME.test(name);
}

/** Lists the objects without reading them. Rejects with the signal's reason when it is aborted. */
export async function listLegacyObjects(
  id: string,
  root: string,
  signal: AbortSignal | undefined,
): Promise<LegacyObjects> {
  const found: LegacyObjects = { buckets: new Map(), chunks: [], shortfalls: [], problems: [] };
  for (const { name, isFolder } of await namesIn(join(root, 'data'))) {
    if (isFolder && isBucketName(name)) await listBucket(id, root, name, found, signal);
    else found.problems.push(`data/${shown(name)} is not the folder of a bucket and is left out`);
  }
  return found;
}

async function listBucket(
  id: string,
  root: string,
  bucket: string,
  found: LegacyObjects,
  signal: AbortSignal | undefined,
): Promise<void> {
  const total = { objects: 0, bytes: 0 };
  found.buckets.set(bucket, total);
  let chunk: ChunkReference | undefined;
  for await (const entry of walkInKeyOrder(join(root, 'data', bucket))) {
    signal?.throwIfAborted();
    const { key } = entry;
    const file = await statFile(root, bucket, entry);
    if (typeof file === 'string') {
      found.shortfalls.push({ bucket, key, reason: file });
      continue;
    }
    if (chunk === undefined || chunk.objects >= MAX_FILES || chunk.bytes >= MAX_BYTES) {
      chunk = emptyChunk(id, { bucket, key });
      found.chunks.push(chunk);
    }
    chunk.last = { bucket, key };
    for (const counts of [chunk, total]) {
      counts.objects += 1;
      counts.bytes += file.size;
    }
  }
}

/** Returns an empty chunk. Its digest and place are unused. */
function emptyChunk(archive: string, first: ChunkReference['first']): ChunkReference {
  const nowhere = { offset: 0, length: 0, size: 0, sha256: '' };
  return { archive, ...nowhere, first, last: first, objects: 0, bytes: 0 };
}

/** Resolves to the file's stat, or to the reason why it cannot be read. */
export async function statFile(
  root: string,
  bucket: string,
  { key, kind }: WalkedEntry,
): Promise<Stats | string> {
  const path = join(root, 'data', bucket, key);
  if (kind === 'other') return 'it is a link or a device, not a file';
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw translateFileError(error, 'read', path);
    return key.includes('\uFFFD') ? 'its name is not UTF-8' : 'it is gone';
  }
}

async function namesIn(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
  try {
    return (await readdir(folder, { withFileTypes: true }))
      .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }))
      .sort((a, b) => compareKeys(a.name, b.name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw translateFileError(error, 'list', folder);
  }
}

function shown(name: string): string {
  return BUCKET_NAME.test(name) ? name : JSON.stringify(name);
}

export interface WalkedEntry {
  /** The path below the root, with `/`: the object's key. */
  key: string;
  /** `other`: a symbolic link, a device, a pipe, a socket. None of them is followed. */
  kind: 'file' | 'other';
}

/**
 * Yields everything below a folder except folders, in the order of object keys, starting at key
 * `from`. It holds only the names in the folders on the current path.
 */
export async function* walkInKeyOrder(root: string, from = ''): AsyncGenerator<WalkedEntry> {
  yield* walkFolder(root, '', from);
}

async function* walkFolder(
  root: string,
  prefix: string,
  from: string,
): AsyncGenerator<WalkedEntry> {
  const folder = join(root, prefix);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw translateFileError(error, 'list', folder);
  });
  for (const { entry, key } of inKeyOrder(entries, prefix)) {
    if (compareKeys(key, from) < 0 && !(entry.isDirectory() && from.startsWith(key))) continue;
    if (entry.isDirectory()) yield* walkFolder(root, key, from);
    else yield { key, kind: entry.isFile() ? 'file' : 'other' };
  }
}

/** Sorts a folder by the keys below it: `a.b` comes before `a/b`. */
function inKeyOrder(entries: readonly Dirent[], prefix: string): { entry: Dirent; key: string }[] {
  return entries
    .map((entry) => ({ entry, key: `${prefix}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((a, b) => compareKeys(a.key, b.key));
}
