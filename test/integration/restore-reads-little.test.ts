import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { join } from 'node:path';
import { locateBackup } from '../../src/repository/locate.js';
import type { LocatedBackup } from '../../src/repository/located-backup.js';
import { backUp, contents, restore, temporaryFolder } from '../helpers/backups.js';
import { countingDestination } from '../helpers/counting-destination.js';
import { noise, seed } from '../helpers/seed.js';
import {
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const PAGE_BYTES = 300_000;

/** The same backup, whose archive counts what is read of it. */
function counting(
  folder: string,
  { destination, backup }: LocatedBackup,
): {
  located: LocatedBackup;
  readBytes: () => number;
  /** Stretches that were read more than once. */
  readAgain: () => string[];
} {
  let bytes = 0;
  const seen = new Set<string>();
  const again: string[] = [];
  const counted = countingDestination(destination, folder, ({ offset, length }) => {
    bytes += length;
    const stretch = `${offset}+${length}`;
    if (seen.has(stretch)) again.push(stretch);
    seen.add(stretch);
  });
  return {
    located: { destination: counted, backup },
    readBytes: () => bytes,
    readAgain: () => again,
  };
}

describe('restore of one object', () => {
  const store = testStore();
  const { folder, remove } = temporaryFolder();
  let bucket: string;
  let id: string;

  beforeAll(async () => {
    bucket = await freshBucket(store);
    const large = Array.from({ length: 25 }, (_, i) => ({
      key: `job-${i}/video.mp4`,
      content: noise(8 * MIB, `video ${i}`),
    }));
    const pages = Array.from({ length: 60 }, (_, i) => ({
      key: `job-${i}/page.png`,
      content: noise(PAGE_BYTES, `page ${i}`),
      attributes: { headers: { 'content-type': 'image/png' } },
    }));
    await seed(store, bucket, [...large, ...pages]);
    id = (await backUp(store, folder, [bucket])).id;
  });
  afterAll(async () => {
    await removeBucket(store, bucket);
    store.close();
    remove();
  });

  async function restoreOne(key: string): Promise<{ readBytes: number; content: Buffer }> {
    const target = freshBucketName();
    const { located, readBytes, readAgain } = counting(
      folder,
      await locateBackup(join(folder, id)),
    );
    const selection = { buckets: [bucket], keys: [key], renames: new Map([[bucket, target]]) };
    await restore(store, located, { selection });
    expect(readAgain()).toEqual([]);
    const content = await readObject(store, target, key);
    await removeBucket(store, target);
    return { readBytes: readBytes(), content };
  }

  it('reads one run of members and the index, of an archive of 200 MB', async () => {
    const { backup } = await locateBackup(join(folder, id));
    expect(backup.archiveBytes).toBeGreaterThan(200 * MIB);
    if (backup.summary.kind !== 'valid') throw new Error('no summary');
    const directoryBytes = backup.summary.summary.archive.directory.length;
    const indexBytes = await lengthOfIndex();
    for (const key of ['job-0/page.png', 'job-31/page.png', 'job-59/page.png']) {
      const { readBytes, content } = await restoreOne(key);
      expect(content.equals(noise(PAGE_BYTES, `page ${/\d+/.exec(key)?.[0] ?? ''}`))).toBe(true);
      expect(readBytes).toBeLessThan(1.5e6 + directoryBytes + indexBytes);
    }
  });

  it('reads a large object once', async () => {
    const { readBytes, content } = await restoreOne('job-7/video.mp4');
    expect(content.equals(noise(8 * MIB, 'video 7'))).toBe(true);
    expect(readBytes).toBeLessThan(8 * MIB + 200_000);
  });

  /** The index follows the members that it describes: what lies behind the last of them, at most. */
  async function lengthOfIndex(): Promise<number> {
    const lines = [...(await contents(folder, id)).values()];
    const end = Math.max(...lines.map(({ offset, length }) => offset + length));
    const { backup } = await locateBackup(join(folder, id));
    return (backup.archiveBytes ?? 0) - end;
  }
});
