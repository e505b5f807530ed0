import { describe, expect, it } from 'vitest';
import type { Implementation } from './context.js';
import { contentOf, freshBucket, inParallel, testStore } from '../../helpers/test-store.js';
import { rounds } from '../../helpers/rounds.js';
import { byUtf8 } from './keys.suite.js';

/** Enough for several pages; in it pairs that UTF-16 and UTF-8 put in different orders. */
const MANY_KEYS = Array.from({ length: rounds({ sample: 3000, all: 25_000 }) }, (_, index) => {
  const folder = ['\u{1F600}', '\uFF5E', 'pages', 'Pages', 'é'][index % 5] ?? '';
  return `${folder}/${String(index).padStart(5, '0')}`;
});

/** Makes the bucket of `MANY_KEYS`, once for all implementations. */
export async function createManyObjects(): Promise<string> {
  const store = testStore();
  const bucket = await freshBucket(store);
  const content = contentOf('x');
  await inParallel(64, MANY_KEYS, (key) => store.putObject(bucket, key, content));
  store.close();
  return bucket;
}

export function describeListing({ open }: Implementation, bucketOfMany: () => string): void {
  describe('a listing', () => {
    it(`of ${MANY_KEYS.length} objects has each once, in the order of UTF-8 bytes`, async () => {
      const store = open();
      const keys: string[] = [];
      for await (const page of store.listObjects(bucketOfMany())) {
        expect(page.length).toBeLessThanOrEqual(1000);
        keys.push(...page.map((object) => object.key));
      }
      expect(keys).toEqual([...MANY_KEYS].sort(byUtf8));
      store.close();
    });

    it('tells size, ETag and time of each object', async () => {
      const store = open();
      const { objects } = await store.listPage(bucketOfMany(), { maxKeys: 3 });
      expect(objects).toHaveLength(3);
      for (const object of objects) {
        expect(object).toMatchObject({ sizeBytes: 1, etag: '9dd4e461268c8034f5c8564e155c67a6' });
        expect(object.lastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      }
      store.close();
    });

    it('can be left in the middle', async () => {
      const store = open();
      for await (const page of store.listObjects(bucketOfMany())) {
        expect(page).toHaveLength(1000);
        break;
      }
      store.close();
    });

    it('ends when the signal is aborted', async () => {
      const store = open();
      const controller = new AbortController();
      const { signal } = controller;
      const list = async (): Promise<void> => {
        for await (const page of store.listObjects(bucketOfMany(), { signal })) {
          expect(page).toHaveLength(1000);
          controller.abort(new Error('enough'));
        }
      };
      await expect(list()).rejects.toThrow('enough');
      store.close();
    });
  });
}
