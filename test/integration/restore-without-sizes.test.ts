import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/object-store/port.js';
import { backUp, restoreInto, temporaryFolder } from '../helpers/backups.js';
import { withHeaders } from '../helpers/odd-messages.js';
import { type OddProxy, startOddProxy } from '../helpers/odd-proxy.js';
import { noise, seed } from '../helpers/seed.js';
import {
  addressOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

describe('restore of one object to a server whose HEAD tells no size', () => {
  const { folder, remove } = temporaryFolder();
  const target = freshBucketName();
  let proxy: OddProxy;
  let store: ObjectStore;
  let bucket: string;
  let id: string;

  beforeAll(async () => {
    proxy = await startOddProxy();
    store = testStore(addressOf(proxy.endpoint));
    bucket = await freshBucket(store);
    const attributes = { headers: { 'content-type': 'image/png' }, metadata: { artist: 'plain' } };
    await seed(store, bucket, [{ key: 'page', content: noise(700, 'page'), attributes }]);
    id = (await backUp(store, folder, [bucket])).id;
    proxy.be({
      handle: async (request, next) => {
        const answer = await next(request);
        if (request.operation !== 'HeadObject') return answer;
        return withHeaders(answer, {
          'content-length': undefined,
          'transfer-encoding': 'chunked',
        });
      },
    });
  });
  afterAll(async () => {
    proxy.be();
    await removeBucket(store, bucket);
    await removeBucket(store, target);
    store.close();
    await proxy.close();
    remove();
  });

  it('is complete, and sees the next time that it is unchanged', async () => {
    const one = { selection: { keys: ['page'] } };
    const names = { from: bucket, to: target };
    const first = await restoreInto(store, folder, id, names, one);
    expect(first).toMatchObject({ restored: { objects: 1 }, failures: [], losses: [] });
    const again = await restoreInto(store, folder, id, names, one);
    expect(again).toMatchObject({ restored: { objects: 0 }, failures: [], losses: [] });
    expect(again.buckets).toMatchObject([{ unchanged: 1 }]);
  });
});
