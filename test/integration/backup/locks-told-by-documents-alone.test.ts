import { afterAll, beforeAll, expect, it } from 'vitest';
import { backUp, contents, temporaryFolder } from '../../helpers/backups.js';
import { startOddProxy, type OddProxy } from '../../helpers/odd-proxy.js';
import { seed } from '../../helpers/seed.js';
import { addressOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

const store = testStore();
const { folder, remove } = temporaryFolder();
let proxy: OddProxy;
let bucket: string;

beforeAll(async () => {
  proxy = await startOddProxy();
  bucket = await freshBucket(store);
  await seed(
    store,
    bucket,
    ['free', 'locked'].map((key) => ({ key, content: Buffer.from(key) })),
  );
});
afterAll(async () => {
  await removeBucket(store, bucket);
  await proxy.close();
  store.close();
  remove();
});

const xml = (text: string) => ({ status: 200, headers: {}, body: Buffer.from(text) });
const UNTIL = '2040-01-01T00:00:00.000Z';

it('a lock that no GET shows is captured, also behind an object without one', async () => {
  proxy.be({
    handle: (request, next) => {
      if (request.query.has('object-lock')) {
        return xml(
          '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
        );
      }
      if (request.query.has('retention') && request.key === 'locked') {
        return xml(
          `<ObjectLockRetention><Mode>GOVERNANCE</Mode><RetainUntilDate>${UNTIL}</RetainUntilDate></ObjectLockRetention>`,
        );
      }
      if (request.query.has('retention')) return xml('<Retention/>');
      if (request.query.has('legal-hold')) {
        return xml('<LegalHold><Status>OFF</Status></LegalHold>');
      }
      return next(request);
    },
  });
  const odd = testStore(addressOf(proxy.endpoint));
  const { id, status, fidelity } = await backUp(odd, folder, [bucket]);
  odd.close();
  expect(status).toBe('complete');
  expect(fidelity.losses).toEqual([]);
  const lines = await contents(folder, id);
  expect(lines.get('locked')?.retention).toEqual({ mode: 'GOVERNANCE', until: UNTIL });
  expect(lines.get('free')?.retention ?? null).toBeNull();
});
