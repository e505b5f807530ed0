import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { contentOf, freshBucketName } from '../../helpers/test-store.js';
import type { Implementation } from './context.js';
import { byUtf8 } from './keys.suite.js';

export function describeBuckets({ open }: Implementation): void {
  describe('buckets', () => {
    let store: ObjectStore;
    beforeAll(() => {
      store = open();
    });
    afterAll(() => store.close());

    it('are created, listed, found and deleted; creating one twice is no error', async () => {
      const bucket = freshBucketName();
      expect(await store.bucketExists(bucket)).toBe(false);
      await store.createBucket(bucket);
      await store.createBucket(bucket);
      expect(await store.bucketExists(bucket)).toBe(true);
      const listed = (await store.listBuckets()).find(({ name }) => name === bucket);
      expect(listed?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
      await store.deleteBucket(bucket);
      expect(await store.bucketExists(bucket)).toBe(false);
    });

    it('are listed in the order of their names', async () => {
      const names = ['b', 'a', 'c'].map((letter) => `${freshBucketName()}-${letter}`);
      for (const name of names) await store.createBucket(name);
      const listed = (await store.listBuckets()).map(({ name }) => name);
      expect(listed).toEqual([...listed].sort(byUtf8));
      for (const name of names) await store.deleteBucket(name);
    });

    it('have a region or none', async () => {
      const bucket = freshBucketName();
      await store.createBucket(bucket);
      expect([null, 'us-east-1', 'default']).toContain(await store.bucketRegion(bucket));
      await store.deleteBucket(bucket);
    });

    it('are not deleted while they hold objects', async () => {
      const bucket = freshBucketName();
      await store.createBucket(bucket);
      await store.putObject(bucket, 'key', contentOf('x'));
      const expected = { code: 'refused', cause: { code: 'BucketNotEmpty' } };
      await expect(store.deleteBucket(bucket)).rejects.toMatchObject(expected);
      await store.deleteObject(bucket, 'key');
      await store.deleteBucket(bucket);
    });

    it('that are not there have no objects, region or listing', async () => {
      const bucket = freshBucketName();
      const missing = { code: 'not_found' };
      await expect(store.listPage(bucket)).rejects.toMatchObject(missing);
      await expect(store.bucketRegion(bucket)).rejects.toMatchObject(missing);
      await expect(store.deleteBucket(bucket)).rejects.toMatchObject(missing);
    });
  });
}
