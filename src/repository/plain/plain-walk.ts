import type { Dirent } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

export interface TreeEntry {
  /** Below the root, with `/`. */
  path: string;
  /** `other`: a symbolic link, a device, a pipe, a socket. */
  kind: 'file' | 'folder' | 'other';
}

/** All that lies below a folder, which is not named itself. Links are named and not followed. */
export async function* walkTree(root: string): AsyncGenerator<TreeEntry> {
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of await opendir(join(root, folder), { bufferSize: 256 })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const kind = kindOf(entry);
      if (kind === 'folder') folders.push(path);
      yield { path, kind };
    }
  }
}

function kindOf(entry: Dirent): TreeEntry['kind'] {
  if (entry.isFile()) return 'file';
  return entry.isDirectory() ? 'folder' : 'other';
}
