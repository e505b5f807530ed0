import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ListedObject, ObjectStore } from '../../src/object-store/port.js';
import {
  backUp,
  backUpChanges,
  contents,
  restoreInto,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../helpers/backups.js';
import { seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

/** The real server's listing, in an order of its own. */
function unordered(store: ObjectStore): ObjectStore {
  return {
    ...withQuickRetries(store),
    listObjects: async function* (...args: Parameters<ObjectStore['listObjects']>) {
      const objects: ListedObject[] = [];
      for await (const page of store.listObjects(...args)) objects.push(...page);
      // The first half backwards, behind the second: neither pages nor their borders are in order.
      const half = Math.floor(objects.length / 2);
      yield objects.slice(half);
      yield objects.slice(0, half).reverse();
    },
  };
}

describe('a store that lists out of order', () => {
  const store = testStore();
  const { folder, remove } = temporaryFolder();
  let bucket: string;

  beforeAll(async () => {
    bucket = await freshBucket(store);
    const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
    await seed(
      store,
      bucket,
      keys.map((key) => ({ key, content: Buffer.from(key) })),
    );
  });
  afterAll(async () => {
    await removeBucket(store, bucket);
    store.close();
    remove();
  });

  it('is backed up, compared and restored to as any other', async () => {
    const odd = unordered(store);
    const full = await backUp(odd, folder, [bucket]);
    expect(full.objects).toMatchObject({ total: 60, captured: 60 });
    await store.deleteObject(bucket, 'key-30');
    const warnings: string[] = [];
    const warn = (line: string) => warnings.push(line);
    const next = await backUpChanges(odd, folder, [bucket], { warn });
    expect(next.objects).toMatchObject({ captured: 0, unchanged: 59, deleted: 1 });
    expect(warnings.join()).toMatch(/lists .* after .*: its listings are sorted first/);
    expect((await contents(folder, next.id)).size).toBe(59);
    expect(await verify(folder, next.id)).toMatchObject({ status: 'ok', objects: 59 });

    const target = freshBucketName();
    await restoreInto(odd, folder, next.id, { from: bucket, to: target });
    expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
    const again = await restoreInto(odd, folder, next.id, { from: bucket, to: target });
    expect(again.restored.objects).toBe(0);
    await removeBucket(store, target);
  });
});
