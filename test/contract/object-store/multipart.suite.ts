import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
} from '../../helpers/test-store.js';
import type { Implementation } from './context.js';
import { freshLockedBucket, removeLockedBucket } from './locked-buckets.js';

const MEBIBYTE = 1024 * 1024;
const FIRST = patterned(5 * MEBIBYTE, 251);
const SECOND = patterned(6 * MEBIBYTE + 1, 241);
const LAST = Buffer.from('the end');
const NO_UPLOAD = { code: 'not_found', cause: { code: 'NoSuchUpload' } };

export function describeMultipart({ open, retries, flavour }: Implementation): void {
  describe('an upload in parts', () => {
    let store: ObjectStore;
    let direct: ObjectStore;
    let bucket: string;
    let proxy: FaultyProxy;
    beforeAll(async () => {
      direct = open();
      bucket = await freshBucket(direct);
      proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
      store = open(addressOf(proxy.endpoint));
    });
    beforeEach(() => {
      proxy.requests.length = 0;
      proxy.setPlan(() => undefined);
    });
    afterAll(async () => {
      store.close();
      await proxy.close();
      await removeBucket(direct, bucket);
      direct.close();
    });

    async function uploadParts(key: string, uploadId: string, contents: Buffer[]) {
      const parts = [];
      for (const [index, content] of contents.entries()) {
        const partNumber = index + 1;
        const etag = await store.uploadPart(
          ...[bucket, key, uploadId, partNumber],
          contentOf(content),
        );
        parts.push({ partNumber, etag });
      }
      return parts;
    }

    it('makes one object of its parts, in the order of their numbers', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'large');
      const upload = (number: number, content: Buffer) =>
        store.uploadPart(bucket, 'large', uploadId, number, contentOf(content));
      const last = { partNumber: 7, etag: await upload(7, LAST) };
      const second = { partNumber: 2, etag: await upload(2, SECOND) };
      const first = { partNumber: 1, etag: await upload(1, FIRST) };
      await expect(store.headObject(bucket, 'large')).rejects.toMatchObject({ code: 'not_found' });
      const parts = [last, first, second];
      const stored = await store.completeMultipartUpload(bucket, 'large', uploadId, parts);
      const whole = await readObject(store, bucket, 'large');
      expect(whole.equals(Buffer.concat([FIRST, SECOND, LAST]))).toBe(true);
      const { etag, etagIsMd5, versionId } = await store.headObject(bucket, 'large');
      expect(stored).toEqual({ etag, versionId });
      expect(etagIsMd5).toBe(false);
      expect(await store.listMultipartUploads(bucket, '')).toEqual([]);
    });

    it('gives the object what putObject gives it', async () => {
      // Not over the proxy: node garbles a Content-Disposition that it passes on.
      const attributes = {
        headers: {
          'content-type': 'application/gzip; note="é"',
          'content-disposition': 'attachment; filename="第１話.cbz"',
          'cache-control': 'no-cache',
        },
        metadata: { titel: '鋼　の', plain: 'x', blanks: 'two  and   three' },
        tags: [
          { key: 'chapter', value: 'one + two' },
          { key: 'path/to:x@y', value: '' },
        ],
      };
      await direct.putObject(bucket, 'whole', contentOf(LAST), { attributes });
      const uploadId = await direct.createMultipartUpload(bucket, 'parts', { attributes });
      const parts = [
        {
          partNumber: 1,
          etag: await direct.uploadPart(bucket, 'parts', uploadId, 1, contentOf(LAST)),
        },
      ];
      await direct.completeMultipartUpload(bucket, 'parts', uploadId, parts);
      const { headers, metadata, tagCount } = await direct.headObject(bucket, 'whole');
      expect(headers).toEqual(attributes.headers);
      expect(await direct.headObject(bucket, 'parts')).toMatchObject({
        ...{ headers, metadata, tagCount },
      });
      const tags = await direct.getObjectTags(bucket, 'parts');
      expect(tags).toEqual(await direct.getObjectTags(bucket, 'whole'));
      expect(tags).toEqual(expect.arrayContaining(attributes.tags));
    });

    it('gives an object without any attributes none', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'bare');
      const parts = await uploadParts('bare', uploadId, [LAST]);
      await store.completeMultipartUpload(bucket, 'bare', uploadId, parts);
      expect(await store.getObjectTags(bucket, 'bare')).toEqual([]);
      const head = await store.headObject(bucket, 'bare');
      expect(head).toMatchObject({ metadata: {}, retention: null, legalHold: false });
    });

    it('completed through another store has its tags, but for those that Ceph forgets', async () => {
      const attributes = { tags: [{ key: 'a', value: 'b' }], metadata: { kept: 'everywhere' } };
      const uploadId = await direct.createMultipartUpload(bucket, 'two stores', { attributes });
      const parts = await uploadParts('two stores', uploadId, [LAST]);
      await store.completeMultipartUpload(bucket, 'two stores', uploadId, parts);
      const tags = await store.getObjectTags(bucket, 'two stores');
      expect(tags).toEqual(flavour === 'rgw' ? [] : attributes.tags);
      const { metadata } = await store.headObject(bucket, 'two stores');
      expect(metadata).toEqual(attributes.metadata);
    });

    it('locks the object', async () => {
      const locked = await freshLockedBucket(store);
      const until = '2090-01-02T03:04:05.678Z';
      const lock = { retention: { mode: 'GOVERNANCE', until }, legalHold: true } as const;
      const uploadId = await store.createMultipartUpload(locked, 'key', { attributes: lock });
      const etag = await store.uploadPart(locked, 'key', uploadId, 1, contentOf(LAST));
      const parts = [{ partNumber: 1, etag }];
      const { versionId } = await store.completeMultipartUpload(locked, 'key', uploadId, parts);
      expect(versionId).not.toBeNull();
      expect(await store.headObject(locked, 'key')).toMatchObject({ ...lock, versionId });
      expect(await store.getObjectLock(locked, 'key')).toEqual(lock);
      await removeLockedBucket(locked);
    });

    it('takes the part that came last under a number', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'replaced');
      await uploadParts('replaced', uploadId, [FIRST]);
      const parts = await uploadParts('replaced', uploadId, [LAST]);
      await store.completeMultipartUpload(bucket, 'replaced', uploadId, parts);
      expect(await readObject(store, bucket, 'replaced')).toEqual(LAST);
    });

    it('that is aborted leaves nothing, and can be aborted twice', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'aborted');
      const parts = await uploadParts('aborted', uploadId, [FIRST]);
      await store.abortMultipartUpload(bucket, 'aborted', uploadId);
      await store.abortMultipartUpload(bucket, 'aborted', uploadId);
      await expect(store.headObject(bucket, 'aborted')).rejects.toMatchObject({
        code: 'not_found',
      });
      expect(await store.listMultipartUploads(bucket, 'aborted')).toEqual([]);
      const more = store.uploadPart(bucket, 'aborted', uploadId, 2, contentOf(LAST));
      await expect(more).rejects.toMatchObject(NO_UPLOAD);
      const completion = store.completeMultipartUpload(bucket, 'aborted', uploadId, parts);
      await expect(completion).rejects.toMatchObject(NO_UPLOAD);
    });

    it('takes no other bytes than those announced', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'lies');
      for (const bytes of [LAST, FIRST]) {
        const other = Buffer.from(bytes);
        other.writeUInt8(0xff, bytes.length - 1);
        const lie = { ...contentOf(bytes), open: () => [other] };
        const part = store.uploadPart(bucket, 'lies', uploadId, 1, lie);
        await expect(part).rejects.toMatchObject({ code: 'damaged' });
      }
      await store.abortMultipartUpload(bucket, 'lies', uploadId);
    });

    it('takes no part that was changed on its way: the server looks', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'flipped');
      proxy.setPlan(() => ({ kind: 'flip', byte: 4 * MEBIBYTE }));
      const part = store.uploadPart(bucket, 'flipped', uploadId, 1, contentOf(FIRST));
      await expect(part).rejects.toMatchObject({ code: 'damaged' });
      proxy.setPlan(() => undefined);
      await store.abortMultipartUpload(bucket, 'flipped', uploadId);
    });

    it('is not completed with parts that are too small, or not there', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'small');
      const parts = await uploadParts('small', uploadId, [LAST, LAST]);
      const complete = (chosen: typeof parts) =>
        store.completeMultipartUpload(bucket, 'small', uploadId, chosen);
      const tooSmall = { code: 'refused', cause: { code: 'EntityTooSmall' } };
      await expect(complete(parts)).rejects.toMatchObject(tooSmall);
      const absent = { code: 'refused', cause: { code: 'InvalidPart' } };
      const { etag = '' } = parts[0] ?? {};
      await expect(complete([{ partNumber: 9, etag }])).rejects.toMatchObject(absent);
      const otherEtag = [{ partNumber: 1, etag: 'd41d8cd98f00b204e9800998ecf8427e' }];
      await expect(complete(otherEtag)).rejects.toMatchObject(absent);
      await expect(complete([])).rejects.toMatchObject({ code: 'refused' });
      await store.abortMultipartUpload(bucket, 'small', uploadId);
    });

    it('is completed once, however often that is asked for', async () => {
      const tags = [{ key: 'a', value: 'b' }];
      const uploadId = await store.createMultipartUpload(bucket, 'once', { attributes: { tags } });
      const parts = await uploadParts('once', uploadId, [FIRST, LAST]);
      const complete = () => store.completeMultipartUpload(bucket, 'once', uploadId, parts);
      const stored = await complete();
      expect(await complete()).toEqual(stored);
      const others = parts.slice(1);
      const other = store.completeMultipartUpload(bucket, 'once', uploadId, others);
      await expect(other).rejects.toMatchObject(NO_UPLOAD);
      await store.putObject(bucket, 'once', contentOf('replaced'));
      await expect(complete()).rejects.toMatchObject(NO_UPLOAD);
    });

    it('whose completion was answered into the void is complete', async () => {
      const tags = [{ key: 'a', value: 'b' }];
      const uploadId = await store.createMultipartUpload(bucket, 'void', { attributes: { tags } });
      const parts = await uploadParts('void', uploadId, [FIRST, LAST]);
      proxy.requests.length = 0;
      // Twice, as the client itself sends a request again whose connection was an old one.
      proxy.setPlan(({ index }) => (index < 2 ? { kind: 'lose' } : undefined));
      const completing = store.completeMultipartUpload(bucket, 'void', uploadId, parts);
      if (!retries) return expect(completing).rejects.toMatchObject({ code: 'unreachable' });
      const { etag } = await completing;
      expect(await direct.headObject(bucket, 'void')).toMatchObject({ etag, tagCount: 1 });
    });

    it('lists its parts, on pages, and none of an upload that has ended', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'listed');
      const parts = await uploadParts('listed', uploadId, [FIRST, LAST]);
      const sizes = [FIRST.length, LAST.length];
      const listed = parts.map((part, index) => ({ ...part, sizeBytes: sizes[index] }));
      expect(await store.listParts(bucket, 'listed', uploadId)).toEqual(listed);
      await store.abortMultipartUpload(bucket, 'listed', uploadId);
      const gone = store.listParts(bucket, 'listed', uploadId);
      await expect(gone).rejects.toMatchObject(NO_UPLOAD);
    });

    it('copied part by part within the server has the ETag of its source', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'from');
      const parts = await uploadParts('from', uploadId, [FIRST, LAST]);
      await store.completeMultipartUpload(bucket, 'from', uploadId, parts);
      const { etag } = await store.headObject(bucket, 'from');
      const from = { bucket, key: 'from', etag };
      const copyId = await store.createMultipartUpload(bucket, 'ünder/to');
      const upload = { bucket, key: 'ünder/to', uploadId: copyId };
      const end = FIRST.length + LAST.length;
      proxy.requests.length = 0;
      const copied = [
        {
          partNumber: 1,
          etag: await store.copyPart({ ...upload, partNumber: 1 }, from, {
            ...{ start: 0, end: FIRST.length },
          }),
        },
        {
          partNumber: 2,
          etag: await store.copyPart({ ...upload, partNumber: 2 }, from, {
            ...{ start: FIRST.length, end },
          }),
        },
      ];
      await store.completeMultipartUpload(bucket, 'ünder/to', copyId, copied);
      expect(proxy.requests.reduce((sum, one) => sum + one.receivedBytes(), 0)).toBeLessThan(
        10_000,
      );
      expect(await store.headObject(bucket, 'ünder/to')).toMatchObject({ etag, sizeBytes: end });
      const whole = await readObject(direct, bucket, 'ünder/to');
      expect(whole.equals(Buffer.concat([FIRST, LAST]))).toBe(true);

      const otherEtag = { ...from, etag: 'd41d8cd98f00b204e9800998ecf8427e' };
      const other = store.copyObject(otherEtag, bucket, 'other');
      // Ceph does not look at the condition: the ETag of the copy tells.
      if (flavour === 'rgw') expect(await other).toMatchObject({ etag });
      else await expect(other).rejects.toMatchObject({ cause: { code: 'PreconditionFailed' } });
    });

    it('is not taken for copied where the answer says 200 and an error, or nothing', async () => {
      const { etag } = await store.putObject(bucket, 'small', contentOf(LAST));
      const from = { bucket, key: 'small', etag };
      await store.copyObject(from, bucket, 'copied');
      expect(await readObject(store, bucket, 'copied')).toEqual(LAST);
      const isCopy = ({ method, path }: { method: string; path: string }) =>
        method === 'PUT' && path.endsWith('/again');
      for (const [body, code] of [
        ['<Error><Code>AccessDenied</Code></Error>', 'access_denied'],
        ['', 'unreachable'],
        ['<CopyObjectResult></CopyObjectResult>', 'unreachable'],
      ] as const) {
        proxy.setPlan((request) =>
          isCopy(request) ? { kind: 'answer', status: 200, body } : undefined,
        );
        const copy = store.copyObject(from, bucket, 'again', { attempts: 1 });
        await expect(copy).rejects.toMatchObject({ code });
      }
      proxy.setPlan(() => undefined);
      const missing = store.copyObject({ ...from, key: 'missing' }, bucket, 'again');
      await expect(missing).rejects.toMatchObject({ code: 'not_found' });
    });

    it('fails where an answer that began with success ends with an error', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'late', {});
      const parts = await uploadParts('late', uploadId, [LAST]);
      const answer = (code: string) =>
        ({
          kind: 'answer',
          status: 200,
          body: `<?xml version="1.0"?>\n   \n<Error><Code>${code}</Code><Message>Sorry.</Message></Error>`,
        }) as const;
      const complete = () => store.completeMultipartUpload(bucket, 'late', uploadId, parts);
      proxy.setPlan(() => answer('InvalidPart'));
      await expect(complete()).rejects.toMatchObject({ code: 'refused' });
      expect(proxy.requests.filter(({ method }) => method === 'POST')).toHaveLength(2);
      let failed = false;
      proxy.setPlan(({ method }) => {
        if (failed || method !== 'POST') return undefined;
        failed = true;
        return answer('InternalError');
      });
      if (!retries) return expect(complete()).rejects.toMatchObject({ code: 'unreachable' });
      await complete();
      expect(await readObject(direct, bucket, 'late')).toEqual(LAST);
    });

    it('goes on after a connection that was cut in the middle of a part', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'cut');
      proxy.setPlan(({ index }) =>
        index < 3 ? { kind: 'cut-upload', afterBytes: 2 * MEBIBYTE } : undefined,
      );
      const part = store.uploadPart(bucket, 'cut', uploadId, 1, contentOf(FIRST));
      if (!retries) {
        await expect(part).rejects.toMatchObject({ code: 'unreachable' });
        proxy.setPlan(() => undefined);
        await store.abortMultipartUpload(bucket, 'cut', uploadId);
        return;
      }
      const parts = [{ partNumber: 1, etag: await part }];
      await store.completeMultipartUpload(bucket, 'cut', uploadId, parts);
      expect((await readObject(store, bucket, 'cut')).equals(FIRST)).toBe(true);
    });

    it('shows the error of its source', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'source');
      const failing = {
        ...contentOf(FIRST),
        open: function* () {
          yield FIRST.subarray(0, 2 * MEBIBYTE);
          throw new Error('the disk is gone');
        },
      };
      const part = store.uploadPart(bucket, 'source', uploadId, 1, failing);
      await expect(part).rejects.toThrow('the disk is gone');
      await store.abortMultipartUpload(bucket, 'source', uploadId);
    });

    it('ends with the signal', async () => {
      const uploadId = await store.createMultipartUpload(bucket, 'signal');
      proxy.setPlan(() => ({ kind: 'ignore' }));
      const aborter = new AbortController();
      const reason = new Error('enough');
      setTimeout(() => aborter.abort(reason), 50);
      const options = { signal: aborter.signal };
      const part = store.uploadPart(bucket, 'signal', uploadId, 1, contentOf(FIRST), options);
      await expect(part).rejects.toBe(reason);
      proxy.setPlan(() => undefined);
      await store.abortMultipartUpload(bucket, 'signal', uploadId);
    });

    it('in a bucket that is not there does not begin', async () => {
      const missing = freshBucketName();
      const gone = { code: 'not_found', cause: { code: 'NoSuchBucket' } };
      await expect(store.createMultipartUpload(missing, 'x')).rejects.toMatchObject(gone);
      await expect(store.listMultipartUploads(missing, 'x')).rejects.toMatchObject(gone);
    });
  });

  describe('uploads in progress', () => {
    const keys = ['a b/+&<é>', 'a b/1', 'a b/1', 'a b/control\u0001', 'a b/\ufffd', 'a%20b/2', 'ß'];
    let store: ObjectStore;
    let bucket: string;
    let begun: { key: string; uploadId: string }[];
    beforeAll(async () => {
      store = open();
      bucket = await freshBucket(store);
      begun = [];
      for (const key of keys) {
        begun.push({ key, uploadId: await store.createMultipartUpload(bucket, key) });
      }
    });
    afterAll(async () => {
      for (const { key, uploadId } of begun) {
        await store.abortMultipartUpload(bucket, key, uploadId);
      }
      expect(await store.listMultipartUploads(bucket, '')).toEqual([]);
      await removeBucket(store, bucket);
      store.close();
    });

    const listed = async (prefix: string, maxPerPage?: number) => {
      const uploads = await store.listMultipartUploads(bucket, prefix, { maxPerPage });
      return uploads.map(({ key, uploadId }) => ({ key, uploadId }));
    };
    const expected = (prefix: string) =>
      begun
        .filter(({ key }) => key.startsWith(prefix))
        .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));

    it.each([undefined, 1, 3])('are listed by key and time, %s on a page', async (perPage) => {
      expect(await listed('', perPage)).toEqual(expected(''));
    });

    it.each(['a b/', 'a b/1', 'a%', 'a b/control\u0001', 'none'])(
      'are listed whose key begins with %j',
      async (prefix) => {
        expect(await listed(prefix)).toEqual(expected(prefix));
        expect(await listed(prefix, 1)).toEqual(expected(prefix));
      },
    );

    it('tell when they began', async () => {
      const [upload] = await store.listMultipartUploads(bucket, 'ß');
      expect(upload?.initiatedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    });
  });
}

/** Bytes in which a part that is missing or doubled shows. */
function patterned(sizeBytes: number, period: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at += 1) bytes[at] = at % period;
  return bytes;
}
