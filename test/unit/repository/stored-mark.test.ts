import { cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { FolderDestination } from '../../../src/repository/folder/folder-destination.js';
import { storedMark } from '../../../src/repository/stored-mark.js';
import { temporaryFolder } from '../../helpers/backups.js';

const ID = 'minio_backup_full_20260101_020000';
const { folder, remove } = temporaryFolder();
afterAll(remove);

async function placed(name: string): Promise<FolderDestination> {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return await FolderDestination.open(path);
}

describe('what tells a stored backup from its copies', () => {
  it('is the same for whoever looks, and another one for a copy with the same bytes and dates', async () => {
    const original = await placed('original');
    const file = join(folder, 'original', `${ID}.json`);
    writeFileSync(file, '{"id":"x"}');
    utimesSync(file, 1_700_000_000, 1_700_000_000);
    const mark = await storedMark(original, ID);
    expect(mark).toMatch(/^[0-9a-f]{64}$/);
    expect(await storedMark(await placed('original'), ID)).toBe(mark);
    const copy = await placed('copy');
    cpSync(file, join(folder, 'copy', `${ID}.json`), { preserveTimestamps: true });
    expect(readFileSync(join(folder, 'copy', `${ID}.json`), 'utf8')).toBe('{"id":"x"}');
    expect(await storedMark(copy, ID)).not.toBe(mark);
  });

  it('is none where there is no backup', async () => {
    await expect(storedMark(await placed('nothing'), ID)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
