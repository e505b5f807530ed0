import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FOOTER_BYTES } from '../../src/archive/footer.js';
import { isMangamotionError } from '../../src/errors.js';
import { backUp, restoreInto, temporaryFolder, verify } from '../helpers/backups.js';
import { run } from '../helpers/cli.js';
import { noise, randomFrom, seed } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

/** One bit of a backup, wherever it is: found by verify, and never restored as if it were right. */

const SEED = process.env.TEST_SEED ?? new Date().toISOString();
const FLIPS = 150;

describe(`one flipped bit (TEST_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const store = testStore();
  const { folder, remove } = temporaryFolder();
  let bucket: string;
  let id: string;
  let archive: string;
  let summary: string;

  beforeAll(async () => {
    bucket = await freshBucket(store);
    await seed(store, bucket, [
      { key: 'empty', content: Buffer.alloc(0) },
      { key: 'noise.png', content: noise(3000, 'noise') },
      { key: 'text.txt', content: Buffer.alloc(5000, 'text ') },
      { key: 'ü'.repeat(100), content: noise(600, 'long name') },
      {
        key: 'with metadata',
        content: noise(1, 'one'),
        attributes: { metadata: { artist: 'someone' }, tags: [{ key: 'a', value: 'b' }] },
      },
    ]);
    id = (await backUp(store, folder, [bucket])).id;
    archive = join(folder, `${id}.tar.gz`);
    summary = join(folder, `${id}.json`);
  });
  afterAll(async () => {
    await removeBucket(store, bucket);
    store.close();
    remove();
  });

  /** Flips one bit, runs the check, and puts the bit back. */
  async function withFlip<T>(file: string, bit: number, check: () => Promise<T>): Promise<T> {
    const bytes = await readFile(file);
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bit / 8);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << (bit % 8)), at);
    await writeFile(file, flipped);
    try {
      return await check();
    } finally {
      await writeFile(file, bytes);
    }
  }

  async function unnoticedBits(file: string, bits: Iterable<number>): Promise<number[]> {
    const unnoticed: number[] = [];
    for (const bit of bits) {
      const status = await withFlip(file, bit, () => statusOfVerify(folder, id));
      if (status !== 'damaged') unnoticed.push(bit);
    }
    return unnoticed;
  }

  it('anywhere in the archive is found by verify', async () => {
    const bits = (await readFile(archive)).length * 8;
    const somewhere = Array.from({ length: FLIPS }, () => Math.floor(random() * bits));
    expect(await unnoticedBits(archive, somewhere)).toEqual([]);
  });

  it('in any byte of the footer is found by verify', async () => {
    const bits = (await readFile(archive)).length * 8;
    const footer = Array.from(
      { length: FOOTER_BYTES },
      (_, i) => bits - 8 * (i + 1) + Math.floor(random() * 8),
    );
    expect(await unnoticedBits(archive, footer)).toEqual([]);
  });

  it('anywhere in the summary is found by verify', async () => {
    const bits = (await readFile(summary)).length * 8;
    const somewhere = Array.from({ length: FLIPS }, () => Math.floor(random() * bits));
    expect(await unnoticedBits(summary, somewhere)).toEqual([]);
  });

  it('in the format version of the summary is damage, not a newer version', async () => {
    const at = (await readFile(summary)).indexOf('"format": 1') + '"format": '.length;
    const bits = Array.from({ length: 8 }, (_, i) => at * 8 + i);
    expect(await unnoticedBits(summary, bits)).toEqual([]);
  });

  it('in the format version of the footer is damage, not a newer version', async () => {
    const at = (await readFile(archive)).length - FOOTER_BYTES + 10 + 2 + 4;
    const bits = Array.from({ length: 8 }, (_, i) => at * 8 + i);
    expect(await unnoticedBits(archive, bits)).toEqual([]);
    // Readers find the directory by the summary, and do not need the footer.
    const status = await withFlip(archive, at * 8 + 1, async () => {
      return (await run(['backup', 'ls', join(folder, id)])).exitCode;
    });
    expect(status).toBe(0);
  });

  it('is never restored as if it were right', async () => {
    const bits = (await readFile(archive)).length * 8;
    const right = new Map<string, string>();
    for await (const page of store.listObjects(bucket)) {
      for (const { key, etag } of page) right.set(key, etag);
    }
    for (let round = 0; round < 20; round++) {
      const target = freshBucketName();
      const bit = Math.floor(random() * bits);
      await withFlip(archive, bit, async () => {
        try {
          await restoreInto(store, folder, id, { from: bucket, to: target });
        } catch (error) {
          expect(isMangamotionError(error, 'damaged'), String(error)).toBe(true);
        }
      });
      if (!(await store.bucketExists(target))) continue;
      for await (const page of store.listObjects(target)) {
        for (const { key, etag } of page)
          expect({ bit, etag }).toEqual({ bit, etag: right.get(key) });
      }
      await removeBucket(store, target);
    }
  });
});

/** As the command does: what it refuses to look at counts as refused, not as found. */
async function statusOfVerify(folder: string, id: string): Promise<string> {
  try {
    return (await verify(folder, id)).status;
  } catch (error) {
    return isMangamotionError(error) ? error.code : String(error);
  }
}
