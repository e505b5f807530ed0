import { link, mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hashedPath } from '../../../../src/archive/paths.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { addInPieces, addWhole } from '../../../helpers/archive-samples.js';
import { temporaryFolder } from '../../../helpers/backups.js';
import { waitUntil } from '../../../helpers/child-processes.js';
import { auditStored, readObject, storeArchive } from '../../../helpers/stored-archives.js';

/**
 * A file system that folds case has, for each name, others that are taken too. Here they are taken
 * because we create them: the writer gets the same answers, from the same system calls.
 */

let folder: string;
beforeEach(() => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});

const objectCalled = (key: string) => ({ bucket: 'b', key, content: Buffer.from(`of ${key}`) });

/** Stores the keys; before each it is done to the tree what a file system that folds would do. */
async function storeWith(
  keys: readonly string[],
  before: (data: string, key: string) => Promise<void>,
  write = addWhole,
) {
  const destination = await FolderDestination.open(folder, { plain: true });
  const objects = keys.map(objectCalled);
  return await storeArchive(destination, objects, async (writer) => {
    const [partial] = await readdir(folder);
    for (const object of objects) {
      await before(join(folder, partial!, 'data/b'), object.key);
      await write(writer, object);
    }
  });
}

describe.each([
  ['whole', addWhole],
  ['in pieces', addInPieces(3)],
])('an object %s whose name the file system does not give', (_, write) => {
  it('lies under the hash of its key, and nothing is overwritten', async () => {
    const stored = await storeWith(
      ['A', 'a', 'b'],
      async (data, key) => {
        // `a` is another name of `A`, but is listed only once.
        if (key === 'a') {
          await untilThere(join(data, 'A'));
          await link(join(data, 'A'), join(data, 'a'));
        }
        if (key === 'b') {
          await untilThere(join(data, hashedPath('a')));
          await unlink(join(data, 'a'));
        }
      },
      write,
    );
    expect(stored.lines.map(({ key, path }) => [key, path])).toEqual([
      ['A', `${stored.id}/data/b/A`],
      ['a', `${stored.id}/data/b/${hashedPath('a')}`],
      ['b', `${stored.id}/data/b/b`],
    ]);
    for (const line of stored.lines) {
      expect(String(await readObject(stored.archive, line))).toBe(`of ${line.key}`);
    }
    expect(await auditStored(stored)).toMatchObject({ objects: 3, problems: [] });
  });

  it.each([
    ['a file stands there', 'x', 'x', 'file'],
    ['a folder stands there', 'x', 'x', 'folder'],
    ['a file stands where its folder should be', 'x/y', 'x', 'file'],
    ['a file stands where a folder above should be', 'x/y/z', 'x', 'file'],
  ])('lies under the hash of its key where %s', async (_case, key, name, what) => {
    const destination = await FolderDestination.open(folder, { plain: true });
    const objects = ['before', key].map(objectCalled);
    const taken = what === 'file' ? 'data/b/x' : undefined;
    const stored = await storeArchive(destination, objects, async (writer) => {
      const [partial] = await readdir(folder);
      await write(writer, objects[0]!);
      const path = join(folder, partial!, 'data/b', name);
      await mkdir(what === 'file' ? dirname(path) : path, { recursive: true });
      // What stands there is written by us as well, so that the count at the end is right.
      if (taken !== undefined) await writer.addDocument(taken, Buffer.from('first'));
      if (taken !== undefined) await untilThere(path);
      await write(writer, objects[1]!);
    });
    const line = stored.lines.find((one) => one.key === key);
    expect(line?.path).toBe(`${stored.id}/data/b/${hashedPath(key)}`);
    expect(String(await readObject(stored.archive, line!))).toBe(`of ${key}`);
    expect(await auditStored(stored)).toMatchObject({ objects: 2, problems: [] });
    if (taken === undefined) return;
    const document = stored.directory.documents.find(({ path }) => path.endsWith(taken));
    expect(String(await stored.archive.readDocument(document!))).toBe('first');
  });

  it('lies under a second hash where the first is taken: two buckets share a folder', async () => {
    const destination = await FolderDestination.open(folder, { plain: true });
    const objects = [objectCalled('..')];
    const first = `data/b/${hashedPath('..')}`;
    const stored = await storeArchive(destination, objects, async (writer) => {
      const [partial] = await readdir(folder);
      await writer.addDocument(first, Buffer.from('first'));
      await untilThere(join(folder, partial!, first));
      await write(writer, objects[0]!);
    });
    expect(stored.lines[0]?.path).toBe(`${stored.id}/data/b/${hashedPath('b\0..')}`);
    expect((await auditStored(stored)).problems).toEqual([]);
  });
});

describe('a tree that somebody else writes into', () => {
  it('is not taken for an archive', async () => {
    const stored = storeWith(['a', 'b'], async (data, key) => {
      if (key === 'b') await writeFile(join(data, 'stranger'), '');
    });
    await expect(stored).rejects.toMatchObject({
      code: 'disk',
      message: expect.stringMatching(/was changed during the backup/) as string,
    });
    expect(await readdir(folder)).toEqual([]);
  });
});

/** Files are written in the background; an empty one is still being written. */
async function untilThere(path: string): Promise<void> {
  await waitUntil(path, [], async () => {
    const found = await stat(path).catch(() => undefined);
    return found !== undefined && found.size > 0;
  });
}
