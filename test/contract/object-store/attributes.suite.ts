import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectAttributes, ObjectStore } from '../../../src/object-store/port.js';
import { contentOf, freshBucket, removeBucket } from '../../helpers/test-store.js';
import type { Implementation } from './context.js';

const HEADERS = {
  'cache-control': 'no-cache, max-age=60',
  'content-disposition': 'attachment; filename="第１話　é.jpg"',
  'content-encoding': 'gzip',
  'content-language': 'ja',
  'content-type': 'image/jpeg; note="café"',
  expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
};

const METADATA = {
  plain: 'value',
  empty: '',
  latin: 'café',
  emoji: '😀 of the day',
  japanese: '第１話　テスト',
  blanks: 'two  and   three',
  'no-break': 'a\u00a0b\u2003c',
  'looks-encoded': '=?UTF-8?B?w7Y=?=',
};

/** In Base64, as S3 writes it. */
function crc32c(text: string): string {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return bytes.toString('base64');
}

export function describeAttributes({ open, flavour }: Implementation): void {
  describe('attributes', () => {
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

    async function roundTrip(attributes: Partial<ObjectAttributes>, size = 5) {
      await store.putObject(bucket, 'object', contentOf('x'.repeat(size)), { attributes });
      const head = await store.headObject(bucket, 'object');
      const { head: read, body } = await store.getObject(bucket, 'object');
      await body.resume().toArray();
      expect(read).toEqual(head);
      return head;
    }

    // Small contents, none at all and streams take different ways through node.
    it.each([5, 0, 2 * 1024 * 1024])(
      'come back with an object of %i bytes: headers, user metadata, tags',
      async (size) => {
        const tags = [
          { key: 'chapter', value: 'one + two' },
          { key: 'path/to:x@y', value: '' },
        ];
        const head = await roundTrip({ headers: HEADERS, metadata: METADATA, tags }, size);
        expect(head.headers).toEqual(HEADERS);
        expect(head.metadata).toEqual(METADATA);
        expect(head.tagCount).toBe(2);
        expect(head.sizeBytes).toBe(size);
        const stored = await store.getObjectTags(bucket, 'object');
        expect(stored).toHaveLength(2);
        expect(stored).toEqual(expect.arrayContaining(tags));
      },
    );

    it('are refused where the server takes no tags beyond ASCII', async () => {
      const tags = [{ key: 'état', value: 'd’âme & <co>' }];
      if (flavour === 'minio') {
        await expect(roundTrip({ tags })).rejects.toMatchObject({ code: 'refused' });
        return;
      }
      await roundTrip({ tags });
      expect(await store.getObjectTags(bucket, 'object')).toEqual(tags);
    });

    it('of an object without any are empty, with the server’s own content type', async () => {
      const head = await roundTrip({});
      expect(head.headers).toEqual({ 'content-type': 'binary/octet-stream' });
      expect(head.metadata).toEqual({});
      expect(head.versionId).toBeNull();
      if (flavour !== 'other') expect(head.tagCount).toBe(0);
    });

    it('keep header bytes that are not UTF-8', async () => {
      const value = 'text/plain; x=\udcff\udc80é';
      const head = await roundTrip({ headers: { 'content-type': value } });
      expect(head.headers['content-type']).toBe(value);
    });

    it('keep user metadata that is not UTF-8, or what the server makes of it', async () => {
      const head = await roundTrip({ metadata: { bytes: 'x\udcff' } });
      // Ceph hands it out as an RFC 2047 word; written back, it is handed out just so again.
      const shown = flavour === 'rgw' ? '=?UTF-8?Q?x=FF?=' : 'x\udcff';
      expect(head.metadata).toEqual({ bytes: shown });
      expect((await roundTrip(head)).metadata).toEqual({ bytes: shown });
    });

    it('keep the names of user metadata, but for underscores on Ceph', async () => {
      const name = flavour === 'rgw' ? 'under-score' : 'under_score';
      const head = await roundTrip({ metadata: { under_score: 'x', UPPER: 'y' } });
      expect(head.metadata).toEqual({ [name]: 'x', upper: 'y' });
    });

    it('lose blanks around a value, which HTTP does not carry', async () => {
      const head = await roundTrip({ metadata: { padded: ' \t inside  out ' } });
      expect(head.metadata).toEqual({ padded: 'inside  out' });
    });

    it('tell the size, the ETag and the time of the object', async () => {
      const before = Date.now();
      const { etag } = await store.putObject(bucket, 'object', contentOf('hello'));
      const head = await store.headObject(bucket, 'object');
      expect(head).toMatchObject({
        sizeBytes: 5,
        etag: '5d41402abc4b2a76b9719d911017c592',
        etagIsMd5: true,
      });
      expect(etag).toBe(head.etag);
      expect(head.lastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
      expect(Math.abs(Date.parse(head.lastModified) - before)).toBeLessThan(60_000);
    });

    it.each(['never, I hope', '0', '2033-12-01T16:00:00Z'])(
      'keep an Expires that is no date as it was written: %s',
      async (expires) => {
        const head = await roundTrip({ headers: { expires } });
        // MinIO forgets it; everybody else keeps what they were given.
        expect(head.headers.expires).toBe(flavour === 'minio' ? undefined : expires);
      },
    );

    it('keep a Content-Language of any kind', async () => {
      const value = 'de-AT, mi ; x=1, é';
      const head = await roundTrip({ headers: { 'content-language': value } });
      expect(head.headers['content-language']).toBe(value);
    });

    it('keep where a website redirects to, but for MinIO, which has no websites', async () => {
      const headers = { 'x-amz-website-redirect-location': '/other?x' };
      const kept = (await roundTrip({ headers })).headers['x-amz-website-redirect-location'];
      expect(kept).toBe(flavour === 'minio' ? undefined : '/other?x');
    });

    it('keep a checksum where the server knows them, which then checks it', async () => {
      // CRC-32C of `xxxxx`; this Ceph ignores such headers.
      const checksums = { crc32c: crc32c('xxxxx') };
      const head = await roundTrip({ checksums });
      if (flavour === 'minio') {
        expect(head.checksums).toEqual(checksums);
        const wrong = roundTrip({ checksums: { crc32c: 'AAAAAA==' } });
        await expect(wrong).rejects.toMatchObject({ code: 'damaged' });
      } else if (flavour === 'rgw') {
        expect(head.checksums).toEqual({});
      }
      await roundTrip({ checksums: { crc32c: `${checksums.crc32c}-2` } });
    });

    it('keep a storage class that the server has, and are refused with one that it has not', async () => {
      if (flavour === 'minio') {
        const head = await roundTrip({ storageClass: 'REDUCED_REDUNDANCY' });
        expect(head.storageClass).toBe('REDUCED_REDUNDANCY');
      }
      const put = roundTrip({ storageClass: 'NO_SUCH_CLASS' });
      await expect(put).rejects.toMatchObject({
        code: 'refused',
        request: { operation: 'PutObject', status: 400 },
      });
    });

    it('have no encryption where there is none, and are refused where the server has no keys', async () => {
      expect((await roundTrip({})).encryption).toBeNull();
      if (flavour === 'other') return;
      const encryption = { algorithm: 'aws:kms', keyId: 'no-such-key', bucketKey: false };
      await expect(roundTrip({ encryption })).rejects.toMatchObject({ code: 'refused' });
    });

    it('do not hold the access control list, which comes back by itself', async () => {
      await store.putObject(bucket, 'object', contentOf('x'));
      const acl = await store.getObjectAcl(bucket, 'object');
      expect(acl).toContain('<Permission>FULL_CONTROL</Permission>');
      await store.putObjectAcl(bucket, 'object', acl);
      expect(await store.getObjectAcl(bucket, 'object')).toBe(acl);
      const missing = store.getObjectAcl(bucket, 'missing');
      await expect(missing).rejects.toMatchObject({ code: 'not_found' });
    });

    it('that are too large are refused, with the reason', async () => {
      const attributes = { metadata: { large: 'x'.repeat(30_000) } };
      const put = store.putObject(bucket, 'object', contentOf('x'), { attributes });
      const hint: unknown = expect.stringContaining('2 KB of user metadata');
      await expect(put).rejects.toMatchObject({ code: 'refused', hint });
    });

    it('that HTTP cannot carry are refused before anything is sent', async () => {
      const attributes = { metadata: { broken: 'two\nlines' } };
      const put = store.putObject(bucket, 'object', contentOf('x'), { attributes });
      await expect(put).rejects.toMatchObject({ code: 'refused' });
    });
  });
}
