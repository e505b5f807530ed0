import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexLine } from '../../../../src/archive/index-line.js';
import { parseChunk } from '../../../../src/archive/reader.js';
import { mayHold } from '../../../../src/archive/select.js';
import { compareObjects } from '../../../../src/key-order.js';
import { findLegacy } from '../../../../src/repository/legacy/legacy-backup.js';
import { openLegacy } from '../../../../src/repository/legacy/open-legacy.js';
import { temporaryFolder } from '../../../helpers/backups.js';

const ID = 'minio_backup_full_20240115_020000';
/** More than one chunk of the index holds. */
const FILES = 8200;

const { folder, remove } = temporaryFolder();
beforeAll(() => {
  for (const name of ['originals/a', 'originals/a.b', 'processed']) {
    mkdirSync(join(folder, ID, 'data', name), { recursive: true });
  }
  for (let i = 0; i < FILES; i++) {
    writeFileSync(file(i % 2 === 0 ? 'a' : 'a.b', String(i)), String(i));
  }
  writeFileSync(join(folder, ID, 'data', 'processed', 'x.gif'), 'x');
});
afterAll(remove);

const file = (...names: string[]) => join(folder, ID, 'data', 'originals', ...names);

type Opened = Awaited<ReturnType<typeof openLegacy>>;
let opened: Opened;
beforeAll(async () => {
  const backup = await findLegacy(folder, ID);
  if (backup === undefined) throw new Error('none was found');
  opened = await openLegacy(backup);
});

describe('the index that is made up of a legacy backup', () => {
  it('has all objects in order, in chunks of one bucket that tell what is in them', async () => {
    const { archive, directory } = opened;
    expect(directory).toMatchObject({ objects: FILES + 1, buckets: [{ objects: FILES }, {}] });
    expect(directory.chunks.map(({ objects }) => objects)).toEqual([8192, FILES - 8192, 1]);
    const all: IndexLine[] = [];
    for (const chunk of directory.chunks) {
      const lines = await archive.readChunk(chunk);
      expect(lines.reduce((sum, { size }) => sum + size, 0)).toBe(chunk.bytes);
      expect(
        lines.every(({ bucket, key }) => mayHold(chunk, bucket, { keys: [key], prefixes: [] })),
      ).toBe(true);
      all.push(...lines);
    }
    expect(all).toHaveLength(directory.objects);
    expect(all).toEqual(all.toSorted(compareObjects));
    expect(new Set(all.map(({ bucket, key }) => `${bucket}/${key}`)).size).toBe(all.length);
    expect(all.find(({ key }) => key === 'a/42')).toMatchObject({
      size: 2,
      etag: createHash('md5').update('42').digest('hex'),
      sha256: createHash('sha256').update('42').digest('hex'),
    });
    expect(all.at(-1)).toMatchObject({ headers: { 'content-type': 'image/gif' } });
  });

  it('is damaged where the tree changes meanwhile', async () => {
    const { archive, directory } = opened;
    const [chunk] = directory.chunks;
    if (chunk === undefined) throw new Error('there is no chunk');
    const lines = await archive.readChunk(chunk);
    const bytes = await archive.readChunkBytes(chunk);
    expect(parseChunk(bytes, 0)).toEqual(lines);
    const line = lines.find(({ key }) => key === 'a.b/1');
    if (line === undefined) throw new Error('there is no such line');
    writeFileSync(file('a.b', '1'), 'longer');
    await expect(archive.readWhole(line)).rejects.toMatchObject({ code: 'damaged' });
    rmSync(file('a.b', '1'));
    await expect(archive.readWhole(line)).rejects.toMatchObject({ code: 'damaged' });
    await expect(archive.readChunk(chunk)).rejects.toMatchObject({ code: 'damaged' });
  });
});
