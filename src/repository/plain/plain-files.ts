import { countOf, formatCount } from '../../count-of.js';
import { constants, type Dirent } from 'node:fs';
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { damagedArchive } from '../../archive/errors.js';
import { isSafeSegment } from '../../archive/paths.js';
import { isMangamotionError, type MangamotionError } from '../../errors.js';
import { errnoOf, translateFileError } from '../../files/errors.js';

const READ_BYTES = 1024 * 1024;
/** O_NONBLOCK: opening a pipe without a writer must not block. It is refused afterwards. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface FilePlace {
  /** `ID/data/<bucket>/<key>`. */
  path: string;
  size: number;
}

/**
 * Reads the files of an archive that is a plain folder. The names in the index and the tree may
 * both be hostile: only regular files inside the folder are read.
 */
export class PlainFiles {
  readonly id: string;
  readonly #parent: string;
  readonly #folder: string;
  /** The folder that was checked last: adjacent files often share it. */
  #known = '';

  /** `folder` differs from the id if the archive is unfinished. */
  constructor(parent: string, id: string, folder = id) {
    this.#parent = parent;
    this.id = id;
    this.#folder = folder;
  }

  get root(): string {
    return join(this.#parent, this.#folder);
  }

  /**
   * Reads a file piece by piece. Rejects with `damaged` if it does not have exactly `size` bytes.
   */
  async *read(file: FilePlace): AsyncGenerator<Buffer> {
    const handle = await this.#open(file);
    try {
      for (let left = file.size; left > 0;) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(left, READ_BYTES));
        const { bytesRead } = await handle.read(buffer, 0, buffer.length);
        if (bytesRead === 0) throw wrongLength(file, file.size - left);
        left -= bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } catch (error) {
      throw translateFileError(error, 'read', join(this.#parent, file.path));
    } finally {
      await handle.close();
    }
  }

  /** Reads a whole file. Rejects with `damaged` if its size exceeds `maxBytes`. */
  async readWhole(file: FilePlace, maxBytes: number): Promise<Buffer> {
    if (file.size > maxBytes) {
      throw damagedArchive(
        `${shown(file.path)} is larger than allowed (${countOf(file.size, 'byte')})`,
      );
    }
    const parts: Buffer[] = [];
    for await (const part of this.read(file)) parts.push(part);
    return Buffer.concat(parts);
  }

  /**
   * Resolves to a file's inode, which identifies it in any spelling; `undefined` if it is missing.
   */
  async inodeOf(path: string): Promise<bigint | undefined> {
    try {
      return (await lstat(await this.#resolve(path), { bigint: true })).ino;
    } catch (error) {
      if (isMangamotionError(error, 'damaged') || errnoOf(error) === 'ENOENT') return undefined;
      throw translateFileError(error, 'read', join(this.#parent, path));
    }
  }

  /** Rejects with `damaged` if there is no such file, or if it has another length. */
  async #open(file: FilePlace): Promise<FileHandle> {
    const path = await this.#resolve(file.path);
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, FLAGS);
      const stat = await handle.stat();
      if (!stat.isFile()) throw notAFile(file.path);
      if (stat.size !== file.size) throw wrongLength(file, stat.size);
      return handle;
    } catch (error) {
      await handle?.close();
      throw this.#explain(error, file.path);
    }
  }

  /** Checks each folder on the path, because `O_NOFOLLOW` applies only to the last name. */
  async #resolve(path: string): Promise<string> {
    const [id, ...names] = path.split('/');
    if (id !== this.id || names.length === 0 || !names.every(isSafeSegment)) {
      throw damagedArchive(`the index names a file outside the archive: ${shown(path)}`);
    }
    const parent = names.slice(0, -1).join('/');
    if (parent !== this.#known) {
      await this.#checkFolders(names.slice(0, -1));
      this.#known = parent;
    }
    return join(this.root, ...names);
  }

  async #checkFolders(names: readonly string[]): Promise<void> {
    for (const depth of names.keys()) {
      const path = join(...names.slice(0, depth + 1));
      try {
        if ((await lstat(join(this.root, path))).isDirectory()) continue;
      } catch (error) {
        throw this.#explain(error, `${this.id}/${path}`);
      }
      throw damagedArchive(`${shown(`${this.id}/${path}`)} is not a folder`);
    }
  }

  #explain(error: unknown, path: string): MangamotionError {
    switch (errnoOf(error) ?? '') {
      case 'ENOENT':
      case 'ENOTDIR':
        return damagedArchive(`${shown(path)} is missing`, error);
      case 'ELOOP':
      case 'EMLINK':
      case 'ENXIO':
        return notAFile(path, error);
      default:
        return translateFileError(error, 'read', join(this.#parent, path));
    }
  }
}

function notAFile(path: string, cause?: unknown): MangamotionError {
  return damagedArchive(`${shown(path)} is not a file`, cause);
}

function wrongLength({ path, size }: FilePlace, foundBytes: number): MangamotionError {
  return damagedArchive(
    `${shown(path)} has ${countOf(foundBytes, 'byte')}, but the index says ${formatCount(size)}`,
  );
}

/** Quotes names with characters that a terminal would interpret. */
function shown(path: string): string {
  return isSafeSegment(path.replaceAll('/', '')) ? path : JSON.stringify(path);
}

export interface TreeEntry {
  path: string;
  /** `other`: a symbolic link, a device, a pipe, a socket. */
  kind: 'file' | 'folder' | 'other';
}

/** Yields everything below a folder. Links are not followed. */
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
