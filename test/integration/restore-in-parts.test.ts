import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IndexLine } from '../../src/archive/index-line.js';
import type { ObjectStore, UploadedPart } from '../../src/object-store/port.js';
import { uploadInParts } from '../../src/restore/upload/multipart.js';
import { backUp, contents, restoreInto, temporaryFolder } from '../helpers/backups.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { listing, noise, snapshot } from '../helpers/seed.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const PART_BYTES = 8 * MIB;
const content = noise(200 * MIB, 'in parts');
const attributes = {
  headers: { 'content-type': 'application/zip', 'cache-control': 'no-store' },
  metadata: { titel: '第１話', panels: '7' },
  tags: [
    { key: 'kind', value: 'result' },
    { key: 'page.no', value: 'a b+c' },
  ],
};

let proxy: FaultyProxy;
const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let id: string;
let etag: string;

beforeAll(async () => {
  proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
  bucket = await freshBucket(store);
  const uploadId = await store.createMultipartUpload(bucket, 'large', { attributes });
  const parts: UploadedPart[] = [];
  for (let at = 0; at < content.length; at += PART_BYTES) {
    const part = contentOf(content.subarray(at, at + PART_BYTES));
    const partNumber = parts.length + 1;
    const partEtag = await store.uploadPart(bucket, 'large', uploadId, partNumber, part);
    parts.push({ partNumber, etag: partEtag });
  }
  etag = (await store.completeMultipartUpload(bucket, 'large', uploadId, parts)).etag;
  id = (await backUp(store, folder, [bucket])).id;
});
afterAll(async () => {
  await removeBucket(store, bucket);
  await proxy.close();
  store.close();
  remove();
});

describe('a large object', () => {
  it('comes back in the parts that it came in, with all that is kept with it', async () => {
    const before = await snapshot(store, bucket);
    const through = testStore(addressOf(proxy.endpoint));
    const target = freshBucketName();
    const into = { from: bucket, to: target };
    const report = await restoreInto(through, folder, id, into, { workers: 4 });
    expect(report).toMatchObject({ restored: { objects: 1 }, failures: [] });
    const uploads = proxy.requests.filter(({ path }) => path.includes('partNumber='));
    expect(uploads).toHaveLength(25);
    expect(await snapshot(store, target)).toEqual(before);
    expect(await listing(store, target)).toMatchObject([{ key: 'large', etag }]);
    expect(etag).toMatch(/-25$/);

    // Its ETag tells that it is unchanged: it is neither written nor read again. What is kept with it
    // is compared.
    proxy.requests.length = 0;
    const again = await restoreInto(through, folder, id, into);
    expect(again).toMatchObject({ restored: { objects: 0 }, buckets: [{ unchanged: 1 }] });
    const asked = proxy.requests.filter(({ path }) => path.includes('/large'));
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `HEAD /${target}/large`,
      `GET /${target}/large?tagging`,
    ]);
    through.close();
    await removeBucket(store, target);
  });

  const broken: [string, (line: IndexLine) => IndexLine][] = [
    ['has another SHA-256', (line) => ({ ...line, sha256: 'ab'.repeat(32) })],
    ['is longer', (line) => ({ ...line, size: line.size - 1 })],
    ['is shorter', (line) => ({ ...line, size: line.size + 1 })],
  ];
  it.each(broken)('that %s than it should is never seen, and leaves nothing', async (_, broke) => {
    for (const partsAtOnce of [1, 3]) await refuses(broke, partsAtOnce);
  });

  it('of which a part is refused is not completed, and no other part comes later', async () => {
    const through = testStore(addressOf(proxy.endpoint));
    proxy.setPlan(({ path }) =>
      path.includes('partNumber=2')
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const refused = uploadShort(through, (line) => line, 3);
    await expect(refused).rejects.toMatchObject({ code: 'access_denied' });
    proxy.setPlan(() => undefined);
    through.close();
    expect(await store.listMultipartUploads(bucket, 'broken')).toEqual([]);
  });

  async function refuses(broke: (line: IndexLine) => IndexLine, partsAtOnce: number) {
    const upload = uploadShort(store, broke, partsAtOnce);
    await expect(upload).rejects.toMatchObject({ code: 'damaged' });
    await expect(store.headObject(bucket, 'broken')).rejects.toMatchObject({ code: 'not_found' });
    expect(await store.listMultipartUploads(bucket, 'broken')).toEqual([]);
  }

  async function uploadShort(
    into: ObjectStore,
    change: (line: IndexLine) => IndexLine,
    partsAtOnce: number,
  ) {
    const line = (await contents(folder, id)).get('large');
    if (line === undefined) throw new Error('it is not in the backup');
    const bytes = content.subarray(0, 11 * MIB);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const short = change({ ...line, key: 'broken', size: bytes.length, sha256 });
    const parts = { content: chunksOf(bytes), partBytes: 5 * MIB, partsAtOnce };
    return await uploadInParts(into, bucket, short, parts, {});
  }
});

// oxlint-disable-next-line typescript/require-await -- it stands in for an archive
async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1_000_000) yield bytes.subarray(at, at + 1_000_000);
}
