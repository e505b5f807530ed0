import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { contentOf, freshBucket, readObject, removeBucket } from '../../helpers/test-store.js';
import type { Implementation } from './context.js';

const LONGEST_KEY = `${'k'.repeat(200)}/`.repeat(5) + 'k'.repeat(19);

const ODD_KEYS = [
  ...['007', '1e5', 'true', 'null', '__proto__', 'constructor'],
  ...['a b', 'a+b', 'a%20b', '100%', 'a&b=c', "quote'd", '"quoted"', '<tag>', '&amp;', '(a)!*~'],
  ...['what?', 'hash#tag', 'semi;colon', 'back\\slash', 'new\nline', 'tab\there', '\u0001control'],
  ...[
    'é',
    'e\u0301',
    '😀.png',
    '～',
    '第１話　表紙.jpg',
    'trailing/',
    'dots...',
    '...',
    LONGEST_KEY,
  ],
  ...['.', '..', 'a/../b', 'a/./b', 'a//b', '//', '/leading'],
];

/** MinIO keeps objects as files and takes no key that is no clean path. */
const REFUSED_BY_MINIO = ['.', '..', 'a/../b', 'a/./b', 'a//b', '//'];

export function describeKeys({ open, flavour }: Implementation): void {
  describe('keys', () => {
    let store: ObjectStore;
    let bucket: string;
    beforeAll(async () => {
      store = open();
      bucket = await freshBucket(store);
    });
    afterAll(async () => {
      await removeBucket(store, bucket);
      store.close();
    });

    const refused = (key: string) => flavour === 'minio' && REFUSED_BY_MINIO.includes(key);
    // It takes the slash off without a word.
    const kept = (key: string) => (flavour === 'minio' && key === '/leading' ? 'leading' : key);
    const accepted = ODD_KEYS.filter((key) => !refused(key));

    it.each(accepted)('stores, lists, reads and deletes %j', async (key) => {
      const written = await store.putObject(bucket, key, contentOf(`content of ${key}`));
      expect(await listedKeys(store, bucket)).toEqual([kept(key)]);
      expect(await readObject(store, bucket, key)).toEqual(Buffer.from(`content of ${key}`));
      expect(await store.headObject(bucket, key)).toMatchObject({ etag: written.etag });
      expect(await store.getObjectTags(bucket, key)).toEqual([]);
      await store.deleteObject(bucket, key);
      expect(await listedKeys(store, bucket)).toEqual([]);
    });

    it.each(ODD_KEYS.filter(refused))('says that the server refuses %j', async (key) => {
      await expect(store.putObject(bucket, key, contentOf('x'))).rejects.toMatchObject({
        code: 'refused',
        cause: { statusCode: 400 },
      });
    });

    it('says that the server refuses a key of 1,025 bytes', async () => {
      const put = store.putObject(bucket, `${LONGEST_KEY}k`, contentOf('x'));
      await expect(put).rejects.toMatchObject({ code: 'refused' });
    });

    it('keeps keys apart that differ in Unicode normalisation alone', async () => {
      await store.putObject(bucket, 'é', contentOf('composed'));
      await store.putObject(bucket, 'e\u0301', contentOf('decomposed'));
      expect((await readObject(store, bucket, 'é')).toString()).toBe('composed');
      expect((await readObject(store, bucket, 'e\u0301')).toString()).toBe('decomposed');
      await store.deleteObject(bucket, 'é');
      await store.deleteObject(bucket, 'e\u0301');
    });

    it('goes on behind any key, a page of one at a time', async () => {
      for (const key of accepted) await store.putObject(bucket, key, contentOf(''));
      const seen: string[] = [];
      for (let token: string | undefined; ;) {
        const page = await store.listPage(bucket, { token, maxKeys: 1 });
        seen.push(...page.objects.map((object) => object.key));
        if (page.nextToken === null) break;
        token = page.nextToken;
      }
      expect(seen).toEqual([...accepted].map(kept).sort(byUtf8));
    });

    it('takes a prefix by its bytes, odd ones too', async () => {
      for (const key of ['p+q/1', 'p+q/2', 'p q/1'])
        await store.putObject(bucket, key, contentOf(''));
      expect(await listedKeys(store, bucket, 'p+q/')).toEqual(['p+q/1', 'p+q/2']);
      expect(await listedKeys(store, bucket, 'p q')).toEqual(['p q/1']);
      expect(await listedKeys(store, bucket, 'nothing')).toEqual([]);
    });
  });
}

/** The order of S3 listings: of the keys' UTF-8 bytes. */
export function byUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

async function listedKeys(store: ObjectStore, bucket: string, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of store.listObjects(bucket, { prefix })) {
    keys.push(...page.map((object) => object.key));
  }
  return keys;
}
