import { expect, it } from 'vitest';
import { MangamotionError } from '../../../../src/errors.js';
import type { ObjectStore } from '../../../../src/object-store/port.js';
import { RunFaults } from '../../../../src/object-store/run-faults.js';
import { UnchangedAttributes } from '../../../../src/restore/attributes/unchanged.js';

const KEYS = Array.from({ length: 100 }, (_, i) => `k${i}`);
const acl = (grant: string) =>
  `<AccessControlPolicy><AccessControlList>${grant}</AccessControlList></AccessControlPolicy>`;
const TAGS = [{ key: 'a', value: 'b' }];

/** Checks all keys at a target that has the ACL and the tags but for some keys. */
async function check({
  keys = KEYS,
  without = [],
  etag = 'x',
  error,
  ends = false,
}: {
  keys?: readonly string[];
  without?: readonly string[];
  etag?: string;
  error?: Error;
  /** Whether the error ends the restore. */
  ends?: boolean;
}) {
  let [underWay, most, asked] = [0, 0, 0];
  const answer = async <T>(key: string, has: T, lacks: T): Promise<T> => {
    asked += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((done) => setTimeout(done, 1));
    underWay -= 1;
    if (error !== undefined) throw error;
    return without.includes(key) ? lacks : has;
  };
  const store = {
    endpoint: 'http://target',
    headObject: () => Promise.resolve({ etag }),
    getObjectAcl: (_: string, key: string) => answer(key, acl('all'), acl('owner')),
    getObjectTags: (_: string, key: string) => answer(key, TAGS, []),
    listPage: () => Promise.resolve({ objects: [], nextToken: null }),
  } as unknown as ObjectStore;
  const { signal } = new AbortController();
  const faults = ends
    ? ({
        classify: (_: string, fault: Error) => Promise.reject(fault),
      } as unknown as RunFaults)
    : new RunFaults(store, ['b']);
  const unchanged = new UnchangedAttributes({ store, faults, signal }, 'b');
  const sent = { attributes: { tags: TAGS }, acl: acl('all') };
  for (const key of keys) await unchanged.add({ key, size: 1, etag: 'x' }, { etag: 'x' }, sent);
  return { losses: await unchanged.finish(), most, asked };
}

it('finds each object without its ACL or tags, and not only among the first', async () => {
  expect((await check({})).losses).toEqual([]);
  const { losses, most, asked } = await check({ without: ['k57', 'k98'] });
  expect(losses).toMatchObject([
    { bucket: 'b', what: 'acl', count: 2, keys: ['k57', 'k98'] },
    { bucket: 'b', what: 'tags', count: 2, keys: ['k57', 'k98'] },
  ]);
  expect(asked).toBe(2 * KEYS.length);
  expect(most).toBeLessThanOrEqual(16);
});

it('says nothing of an object that was replaced', async () => {
  expect((await check({ without: KEYS, etag: 'y' })).losses).toEqual([]);
});

it('counts as lost what it cannot read, and does not ask on and on', async () => {
  const { losses, asked } = await check({ error: new MangamotionError('refused', 'not today') });
  expect(losses).toMatchObject([
    { what: 'acl', count: KEYS.length },
    { what: 'tags', count: KEYS.length },
  ]);
  expect(asked).toBeLessThan(40);
});

it.each([1, 5, 100])('ends with an error that ends the restore, of %i objects', async (count) => {
  const error = new MangamotionError('unreachable', 'the store is gone');
  const checking = check({ keys: KEYS.slice(0, count), error, ends: true });
  await expect(checking).rejects.toBe(error);
});
