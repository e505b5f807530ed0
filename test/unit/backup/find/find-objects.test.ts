import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findObjects } from '../../../../src/backup/find/find-objects.js';
import { KeyPattern } from '../../../../src/backup/find/key-pattern.js';
import { VersionHistory } from '../../../../src/backup/find/version-history.js';
import { openDestination } from '../../../../src/repository/locate.js';
import {
  NO_PROGRESS,
  backUp as full,
  backUpChanges as incremental,
  hastyClock,
  temporaryFolder,
} from '../../../helpers/backups.js';
import { countingDestination } from '../../../helpers/counting-destination.js';
import { type ListedStore, listedStore } from '../../../helpers/listed-store.js';

let folder: string;
let remove: () => void;
let store: ListedStore;
const clock = hastyClock();

beforeEach(() => {
  ({ folder, remove } = temporaryFolder());
  store = listedStore({
    originals: { '1/a.png': { content: 'a' }, '1/b.png': { content: 'b' } },
    processed: { '1/a.png': { content: 'result' } },
  });
});
afterEach(() => remove());

async function find(text: string, buckets: string[] = []) {
  const reads: number[] = [];
  const destination = countingDestination(await openDestination(folder), folder, ({ length }) =>
    reads.push(length),
  );
  const result = await findObjects(
    { signal: new AbortController().signal, progress: NO_PROGRESS },
    destination,
    new KeyPattern(text, { namesBuckets: buckets.length === 0 }),
    buckets,
  );
  const found = result.versions.map(
    ({ bucket, key, size, first_backup, last_backup, backups, in_newest }) =>
      [`${bucket}/${key}`, size, first_backup, last_backup, backups, in_newest] as const,
  );
  return { ...result, found, reads: reads.length };
}

const put = (key: string, content: string) => store.buckets.get('originals')?.set(key, { content });

describe('finding an object', () => {
  it('shows each content with the first and the last backup that hold it', async () => {
    const one = await full(store, folder, [], { clock });
    const two = await incremental(store, folder, [], { clock });
    put('1/a.png', 'longer');
    const three = await full(store, folder, [], { clock });
    store.buckets.get('originals')?.delete('1/a.png');
    const four = await incremental(store, folder, [], { clock });
    put('1/a.png', 'longer');
    const five = await incremental(store, folder, [], { clock });
    const { found, searched, unread } = await find('originals/1/a.png');
    expect(found).toEqual([
      ['originals/1/a.png', 1, one.id, two.id, 2, false],
      // It was gone in between.
      ['originals/1/a.png', 6, three.id, three.id, 1, false],
      ['originals/1/a.png', 6, five.id, five.id, 1, true],
    ]);
    expect([searched, unread]).toEqual([5, []]);
    expect((await find('1/a.png')).found).toHaveLength(4);
    expect((await find('1/a.png', ['processed'])).found).toEqual([
      ['processed/1/a.png', 6, one.id, five.id, 5, true],
    ]);
    expect((await find('*b.png')).found).toEqual([
      ['originals/1/b.png', 1, one.id, five.id, 5, true],
    ]);
    expect((await find('nothing')).found).toEqual([]);
    expect(four.type).toBe('incremental');
  });

  it('reads a chunk once that several backups refer to', async () => {
    await full(store, folder, [], { clock });
    const alone = await find('originals/1/a.png');
    for (let i = 0; i < 3; i++) await incremental(store, folder, [], { clock });
    const all = await find('originals/1/a.png');
    expect(all.searched).toBe(4);
    // A directory each, and no further chunk.
    const directory = 1;
    expect(all.reads).toBe(alone.reads + 3 * directory);
  });

  it('opens four backups at once, and tells them in their order', async () => {
    const made = [await full(store, folder, [], { clock })];
    for (let i = 0; i < 6; i++) {
      put('1/a.png', 'x'.repeat(i + 2));
      made.push(await incremental(store, folder, [], { clock }));
    }
    const destination = await openDestination(folder);
    let [open, most] = [0, 0];
    const openArchive = destination.openArchive.bind(destination);
    vi.spyOn(destination, 'openArchive').mockImplementation(async (id, known) => {
      open += 1;
      most = Math.max(most, open);
      const archive = await openArchive(id, known);
      // The later ones are the first to be there.
      for (let i = made.findIndex((one) => one.id === id); i < 50; i++) await Promise.resolve();
      open -= 1;
      return archive;
    });
    const { versions } = await findObjects(
      { signal: new AbortController().signal, progress: NO_PROGRESS },
      destination,
      new KeyPattern('originals/1/a.png', { namesBuckets: true }),
      [],
    );
    expect(versions.map(({ first_backup: first }) => first)).toEqual(made.map(({ id }) => id));
    expect(most).toBe(4);
  });

  it('names the backups that cannot be searched, and searches the others', async () => {
    const one = await full(store, folder, [], { clock });
    const two = await full(store, folder, [], { clock });
    const three = await full(store, folder, [], { clock });
    const four = await full(store, folder, [], { clock });
    rmSync(join(folder, `${one.id}.tar.gz`));
    writeFileSync(join(folder, `${two.id}.json`), '{}');
    const archive = join(folder, `${three.id}.tar.gz`);
    const { offset } = three.archive.directory;
    writeFileSync(archive, readFileSync(archive).fill(0, offset - 300, offset - 200));
    const { found, searched, unread } = await find('originals/1/a.png');
    expect(found).toEqual([['originals/1/a.png', 1, four.id, four.id, 1, true]]);
    expect(searched).toBe(1);
    expect(unread.map(({ backup }) => backup).sort()).toEqual([one.id, two.id, three.id]);
    expect(unread.every(({ reason }) => reason !== '')).toBe(true);
  });

  it('says so if a backup has no objects to be found in, or is of backup-minio.sh', async () => {
    writeFileSync(join(folder, 'minio_backup_full_20230101_000000.tar.gz'), 'old');
    const { searched, unread } = await find('x');
    expect(searched).toBe(0);
    expect(unread).toMatchObject([{ backup: 'minio_backup_full_20230101_000000' }]);
  });

  it('refuses more versions than fit into memory', () => {
    const history = new VersionHistory(2);
    const backup = { id: 'one', createdAt: '2026-11-01T02:00:00Z', line: 'line' };
    const match = (key: string) => ({
      ...{ bucket: 'b', key, size: 1, etag: '', sha256: '', last_modified: '' },
    });
    history.add(backup, [match('a'), match('b')]);
    history.add({ ...backup, id: 'two' }, [match('a'), match('b')]);
    expect(() => history.add({ ...backup, id: 'three' }, [match('c')])).toThrow(
      /more than 2 versions/,
    );
  });
});
