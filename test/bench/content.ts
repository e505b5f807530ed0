import { createHash, randomBytes } from 'node:crypto';
import type { ObjectStore } from '../../src/object-store/port.js';
import { contentOf, inParallel } from '../helpers/test-store.js';

/** The sets of objects that the benchmark works on. */

interface Made {
  key: string;
  bytes: () => Buffer;
  contentType: string;
}

/** 1.1 GB as a MangaMotion has it: pages, small binaries, JSON, videos. */
export async function fillMixed(store: ObjectStore, bucket: string): Promise<void> {
  const many = (count: number, make: (index: number) => Made) =>
    Array.from({ length: count }, (_, i) => make(i));
  const objects = [
    ...many(2000, (i) => ({
      key: `jobs/${i % 200}/page-${i}.jpg`,
      bytes: () => randomBytes(300_000),
      contentType: 'image/jpeg',
    })),
    ...many(3000, (i) => ({
      key: `jobs/${i % 200}/thumb-${i}.bin`,
      bytes: () => randomBytes(8_000),
      contentType: 'application/octet-stream',
    })),
    ...many(3000, (i) => ({
      key: `jobs/${i % 200}/panels-${i}.json`,
      bytes: () => json(i, 4_000),
      contentType: 'application/json',
    })),
    ...many(60, (i) => ({
      key: `jobs/${i}/video.mp4`,
      bytes: () => randomBytes(8_000_000),
      contentType: 'video/mp4',
    })),
  ];
  await store.createBucket(bucket);
  await inParallel(32, objects, ({ key, bytes, contentType }) =>
    store.putObject(bucket, key, contentOf(bytes()), {
      attributes: { headers: { 'content-type': contentType } },
    }),
  );
}

function json(seed: number, sizeBytes: number): Buffer {
  const panels = Array.from({ length: 80 }, (_, n) => ({
    panel: n,
    width: 900 + ((seed * 7 + n) % 300),
    text: `bubble ${(seed + n) % 97}`,
  }));
  return Buffer.from(JSON.stringify(panels).padEnd(sizeBytes)).subarray(0, sizeBytes);
}

export async function fillTiny(store: ObjectStore, bucket: string, count: number): Promise<void> {
  await store.createBucket(bucket);
  const numbers = Array.from({ length: count }, (_, i) => i);
  await inParallel(48, numbers, (i) =>
    store.putObject(bucket, `tiny/${i % 1000}/${i}`, contentOf(`object ${i}`)),
  );
}

/** One object of that size, in one request; its bytes are not held in memory. */
export async function fillLarge(
  store: ObjectStore,
  bucket: string,
  sizeBytes: number,
): Promise<void> {
  const block = randomBytes(8 * 1024 * 1024);
  const content = function* () {
    for (let left = sizeBytes; left > 0; left -= block.length) yield block.subarray(0, left);
  };
  const hash = createHash('sha256');
  for (const chunk of content()) hash.update(chunk);
  await store.createBucket(bucket);
  const sha256 = hash.digest('hex');
  await store.putObject(bucket, 'large.mp4', { sizeBytes, sha256, open: content });
}
