import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Destination } from '../../../../src/repository/destination.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { MARKS } from '../../../../src/repository/names.js';
import { filesIn, temporaryFolder } from '../../../helpers/backups.js';
import { idAt, writeBackup } from '../../../helpers/summaries.js';

const AT = '2024-01-15T02:00:00.000Z';

let folder: string;
let removeFolder: () => void;
let destination: Destination;
let id: string;

beforeEach(async () => {
  ({ folder, remove: removeFolder } = temporaryFolder());
  destination = await FolderDestination.open(folder);
  id = await writeBackup(folder, { at: AT, sequence: 1 });
});
afterEach(() => {
  removeFolder();
});

describe('remove', () => {
  it('takes summary, archive and mark, and nothing of another backup', async () => {
    const other = await writeBackup(folder, { at: '2024-01-16T02:00:00.000Z', sequence: 2 });
    for (const mark of MARKS) await destination.mark(id, mark, true);
    await destination.remove(id);
    expect(await filesIn(folder)).toEqual([`${other}.json`, `${other}.tar.gz`]);
  });

  it('leaves what of that name is not known', async () => {
    await writeFile(join(folder, `${id}.sealed`), '');
    expect((await destination.list()).map((backup) => backup.id)).toEqual([id]);
    await destination.remove(id);
    expect(await filesIn(folder)).toEqual([`${id}.sealed`]);
    expect(await destination.list()).toEqual([]);
    expect(await destination.leftovers()).toEqual([]);
  });

  it('takes the summary first and the mark last', async () => {
    await destination.mark(id, 'expired', true);
    const archive = join(folder, `${id}.tar.gz`);
    await rm(archive);
    // What cannot be unlinked stands for a process that ends here.
    await mkdir(archive);
    await expect(destination.remove(id)).rejects.toThrow(/cannot remove .*\.tar\.gz/);
    // By the temporary summary the next run knows that what is left is to go.
    const left = [`${id}.expired`, `${id}.json.partial`, `${id}.tar.gz`];
    expect(await filesIn(folder)).toEqual(left);
    expect((await destination.leftovers()).map(({ id: found }) => found)).toEqual([id, id]);
  });

  it('goes on where another has ended, and takes what is gone for done', async () => {
    await rm(join(folder, `${id}.json`));
    await destination.remove(id);
    expect(await filesIn(folder)).toEqual([]);
    await expect(destination.remove(id)).resolves.toBeUndefined();
  });
});

describe('the marks of a backup', () => {
  it('are each their own, and listed with it', async () => {
    for (const mark of MARKS) {
      await destination.mark(id, mark, true);
      const [listed] = await destination.list();
      const { expired, accepted = false, retired = false } = listed ?? { expired: false };
      expect({ expired, accepted, retired }).toEqual({
        ...{ expired: false, accepted: false, retired: false },
        [mark]: true,
      });
      expect(await destination.read(id)).toEqual(listed);
      await destination.mark(id, mark, false);
    }
    expect((await destination.list())[0]).not.toHaveProperty('accepted');
  });
});

describe('the mark of an expired backup', () => {
  const isExpired = async () => (await destination.read(id)).expired;

  it('is set and taken away, as often as one likes', async () => {
    expect(await isExpired()).toBe(false);
    for (const expired of [true, true, false, false, true]) {
      await destination.mark(id, 'expired', expired);
      expect(await isExpired()).toBe(expired);
      expect((await destination.list()).map((backup) => backup.expired)).toEqual([expired]);
    }
  });

  it('is a small file beside it, for its owner alone, that says what it is', async () => {
    await destination.mark(id, 'expired', true);
    const path = join(folder, `${id}.expired`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toMatch(/^expired: .*\n$/);
  });

  it('left behind without its backup keeps a new one from being born expired', async () => {
    await rm(join(folder, `${id}.json`));
    await rm(join(folder, `${id}.tar.gz`));
    await destination.mark(id, 'expired', true);
    const times = [new Date(AT), new Date('2024-01-15T02:00:01.000Z')];
    const clock = {
      now: () => times.shift() ?? new Date('2024-01-15T02:00:02.000Z'),
      sleep: () => Promise.resolve(),
    };
    const pending = await destination.begin('full', clock);
    await pending.discard();
    expect(pending.id).toBe(idAt('2024-01-15T02:00:01.000Z'));
  });
});
