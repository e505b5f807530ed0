import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { backUp, backUpChanges, contents, temporaryFolder, verify } from '../../helpers/backups.js';
import { document } from '../../helpers/odd-messages.js';
import { type OddProxy, type OddServer, startOddProxy } from '../../helpers/odd-proxy.js';
import { seed } from '../../helpers/seed.js';
import { addressOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** What no reader of a backup would take is not written into one: it would make the rest unreadable. */

const store = testStore();
let proxy: OddProxy;
let odd: ObjectStore;
let bucket: string;
let folder: string;
let remove: () => void;

beforeAll(async () => {
  proxy = await startOddProxy();
  odd = testStore(addressOf(proxy.endpoint));
  bucket = await freshBucket(store);
  await seed(
    store,
    bucket,
    ['a', 'm', 'z'].map((key) => ({
      key,
      content: Buffer.from(`of ${key}`),
      attributes: { tags: [{ key: 'of', value: key }] },
    })),
  );
});
beforeEach(() => ({ folder, remove } = temporaryFolder()));
afterEach(() => remove());
afterAll(async () => {
  await removeBucket(store, bucket);
  await proxy.close();
  odd.close();
  store.close();
});

const LONG_KEY = 'm'.repeat(9000);

/** Lists a key that is longer than any in S3, and has an object under it. */
const longKey: OddServer = {
  entries: (all) =>
    all.flatMap((entry) => (entry.key === 'm' ? [entry, { ...entry, key: LONG_KEY }] : [entry])),
  handle: (request, next) => next(request.key === LONG_KEY ? { ...request, key: 'm' } : request),
};

/** Answers with a document of 2 MiB where one is asked for the tags, or the grants, of an object. */
const large = (operation: string, xml: (filler: string) => string): OddServer => ({
  handle: (request, next) =>
    request.operation === operation && request.key === 'm'
      ? document(200, xml('x'.repeat(2 * 1024 * 1024)))
      : next(request),
});
const largeTags = large(
  'GetObjectTagging',
  (filler) => `<Tagging><TagSet><Tag><Key>k</Key><Value>${filler}</Value></Tag></TagSet></Tagging>`,
);
const largeAcl = large(
  'GetObjectAcl',
  (filler) =>
    `<AccessControlPolicy><Owner><ID>${filler}</ID></Owner><AccessControlList/></AccessControlPolicy>`,
);

describe('an object that is larger than a backup can hold', () => {
  it('by its key is named, and the others can be read', async () => {
    proxy.be(longKey);
    const summary = await backUp(odd, folder, [bucket]);
    expect(summary).toMatchObject({ status: 'partial', objects: { captured: 3, failed: 1 } });
    expect(summary.failures).toMatchObject([{ bucket, key: LONG_KEY }]);
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok', objects: 3 });
    proxy.be(longKey);
    const again = await backUpChanges(odd, folder, [bucket]);
    expect(again.failures).toMatchObject([{ bucket, key: LONG_KEY }]);
  });

  it.each([
    ['tags', largeTags],
    ['acl', largeAcl],
  ] as const)('by its %s is there without them, which are named', async (part, server) => {
    proxy.be(server);
    const summary = await backUp(odd, folder, [bucket], { acls: true });
    expect(summary).toMatchObject({ status: 'partial', objects: { captured: 3 } });
    expect(JSON.stringify(summary.failures)).toContain(part);
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok', objects: 3 });
    const line = (await contents(folder, summary.id)).get('m');
    expect(line).toMatchObject({ key: 'm', size: 4 });
    expect(line?.[part]).toBeUndefined();
  });
});
