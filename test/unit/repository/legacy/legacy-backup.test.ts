import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemberKind, encodeStoredMember } from '../../../../src/archive/gzip.js';
import { FolderDestination } from '../../../../src/repository/folder/folder-destination.js';
import { locateBackup } from '../../../../src/repository/locate.js';
import { temporaryFolder } from '../../../helpers/backups.js';

const ID = 'minio_backup_full_20240115_020000';

let folder: string;
let remove: () => void;
beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
});
afterEach(() => remove());

const at = (...names: string[]) => join(folder, ...names);
const makeFolder = (...names: string[]) => mkdirSync(at(...names), { recursive: true });
const file = (name: string, content: Buffer | string = 'x') => writeFileSync(at(name), content);

async function legacy() {
  const destination = await FolderDestination.open(folder);
  expect(await destination.list()).toEqual([]);
  return await destination.listLegacy();
}

describe('legacy backups of a folder', () => {
  it('are tar.gz and folders that hold nothing of ours, by name', async () => {
    makeFolder('minio_backup_metadata_20240117_020000', 'metadata');
    makeFolder('minio_backup_incremental_20240116_020000', 'data', 'originals');
    file(`${ID}.tar.gz`, gzipSync('a tar'));
    expect(await legacy()).toMatchObject([
      { id: ID, type: 'full', form: 'tar', bytes: gzipSync('a tar').length },
      { type: 'incremental', form: 'folder', createdAt: '2024-01-16T02:00:00.000Z', bytes: null },
      { type: 'metadata', form: 'folder' },
    ]);
  });

  it('are what was cut off too, and what has a date that is none', async () => {
    file(`${ID}.tar.gz`, '');
    file('minio_backup_full_20249999_020000.tar.gz', 'no gzip');
    expect(await legacy()).toMatchObject([{ bytes: 0 }, { createdAt: null }]);
  });

  it('are not archives of ours without a summary, nor runs that did not end', async () => {
    file(`${ID}.tar.gz`, Buffer.concat(encodeStoredMember(MemberKind.data, [], 0)));
    expect(await legacy()).toEqual([]);
    file(`${ID}.tar.gz`, gzipSync('a tar'));
    file(`${ID}.json.partial`);
    expect(await legacy()).toEqual([]);
  });

  it('are not plain folders of ours, folders of something else, or other names', async () => {
    makeFolder(ID, 'data');
    makeFolder(ID, 'index');
    makeFolder('minio_backup_full_20240115_020001', 'other');
    makeFolder('minio_backup_full_20240115_020002.partial', 'data');
    makeFolder('minio_backup_weekly_20240115_020000', 'data');
    makeFolder('minio_backup_full_20240115_020003.tar.gz', 'data');
    file('minio_backup_full_20240115_020004');
    expect(await legacy()).toEqual([]);
  });

  it('count once where the tar.gz was unpacked beside itself', async () => {
    file(`${ID}.tar.gz`, gzipSync('a tar'));
    makeFolder(ID, 'data');
    expect(await legacy()).toMatchObject([{ form: 'tar' }]);
  });

  it('are found by their path, and have no summary to those who ask for one', async () => {
    makeFolder(ID, 'data');
    for (const name of [ID, `${ID}.tar.gz`]) {
      const { legacy: found, backup } = await locateBackup(at(name));
      expect(found?.found).toMatchObject({ id: ID, form: 'folder', path: at(ID) });
      expect(backup.summary.kind).toBe('damaged');
    }
    rmSync(at(ID), { recursive: true });
    await expect(locateBackup(at(ID))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are found through a link to them, as the other backups are', async () => {
    makeFolder('elsewhere', 'data');
    symlinkSync(at('elsewhere'), at(ID));
    expect(await legacy()).toMatchObject([{ id: ID }]);
  });
});
