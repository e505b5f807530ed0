import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareKeys } from '../../key-order.js';
import { translateFileError } from '../../files/errors.js';

export interface WalkedEntry {
  /** Below the root, with `/`: the key of the object. */
  key: string;
  /** `other`: a symbolic link, a device, a pipe, a socket. None of them is followed. */
  kind: 'file' | 'other';
}

/**
 * All that lies below a folder but the folders themselves, in the order of object keys, from the
 * given key on. Holds the names of the folders on the way to the present one, and no more.
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

/** A folder stands where the keys below it do: `a.b` comes before `a/b`. */
function inKeyOrder(entries: readonly Dirent[], prefix: string): { entry: Dirent; key: string }[] {
  return entries
    .map((entry) => ({ entry, key: `${prefix}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .sort((a, b) => compareKeys(a.key, b.key));
}
