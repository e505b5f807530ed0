import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../../../src/repository/destination.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { temporaryFolder } from '../../../helpers/backups.js';
import { storeObjects } from '../../../helpers/stored-archives.js';

const ID = 'minio_backup_full_20240115_020000';
const NEXT = 'minio_backup_full_20240115_020001';

let folder: string;
beforeEach(() => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});

/** Stands still until somebody waits. */
function clockAt(time: string): Clock {
  let now = Date.parse(time);
  return {
    now: () => new Date(now),
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  };
}

describe.each([
  ['a tar.gz', false, '.tar.gz.partial'],
  ['a plain folder', true, '.partial'],
])('the id of %s', (_, plain, ending) => {
  it.each(['.tar.gz', '.tar.gz.partial', '.json', '.json.partial', '', '.partial'])(
    'is the next one where ID%s is there, and that is left alone',
    async (suffix) => {
      if (suffix === '' || suffix === '.partial') await mkdir(join(folder, ID + suffix));
      else await writeFile(join(folder, ID + suffix), '');
      const destination = await FolderDestination.open(folder, { plain });
      const pending = await destination.begin('full', clockAt('2024-01-15T02:00:00.250Z'));
      expect(pending.id).toBe(NEXT);
      expect((await readdir(folder)).sort()).toEqual([ID + suffix, NEXT + ending].sort());
      await pending.discard();
      expect(await readdir(folder)).toEqual([ID + suffix]);
    },
  );
});

describe('a folder into which a tar.gz was unpacked', () => {
  it('does not hide the tar.gz', async () => {
    const destination = await FolderDestination.open(folder);
    const { id, archive, written } = await storeObjects(destination, []);
    await archive.close();
    await mkdir(join(folder, id));
    const again = await destination.openArchive(id);
    expect(await again.checkEnd(written.directory)).toBeUndefined();
    expect((await again.readDirectory(written.directory)).archive).toBe(id);
    await again.close();
  });

  it('is not_found where neither is there', async () => {
    const destination = await FolderDestination.open(folder);
    await expect(destination.openArchive(ID)).rejects.toMatchObject({ code: 'not_found' });
    await writeFile(join(folder, ID), 'a file of that name');
    await expect(destination.openArchive(ID)).rejects.toMatchObject({ code: 'not_found' });
  });
});
