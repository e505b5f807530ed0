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
  without = [],
  withTags = false,
  etag = 'x',
  fails = false,
}: {
  without?: readonly string[];
  withTags?: boolean;
  etag?: string;
  fails?: boolean;
}) {
  let [underWay, most, asked] = [0, 0, 0];
  const answer = async <T>(key: string, has: T, lacks: T): Promise<T> => {
    asked += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((done) => setTimeout(done, 1));
    underWay -= 1;
    if (fails) throw new MangamotionError('refused', 'not today');
    return without.includes(key) ? lacks : has;
  };
  const store = {
    endpoint: 'http://target',
    headObject: () => Promise.resolve({ etag }),
    getObjectAcl: (_: string, key: string) => answer(key, acl('all'), acl('owner')),
    getObjectTags: (_: string, key: string) => answer(key, TAGS, []),
    listPage: () => Promise.resolve({ objects: [], nextToken: null }),
  } as unknown as ObjectStore;
  const context = {
    store,
    faults: new RunFaults(store, ['b']),
    signal: new AbortController().signal,
  };
  const unchanged = new UnchangedAttributes(context, 'b', withTags);
  for (const key of KEYS) {
    await unchanged.add({ key }, { etag: 'x' }, { attributes: { tags: TAGS }, acl: acl('all') });
  }
  return { losses: await unchanged.finish(), most, asked };
}

it('finds each object without its ACL, and not only among the first', async () => {
  expect((await check({})).losses).toEqual([]);
  const { losses, most, asked } = await check({ without: ['k57', 'k98'] });
  expect(losses).toMatchObject([{ bucket: 'b', what: 'acl', count: 2, keys: ['k57', 'k98'] }]);
  expect(asked).toBe(KEYS.length);
  expect(most).toBeLessThanOrEqual(16);
});

it('finds tags where it is told that they may lack', async () => {
  const { losses } = await check({ without: ['k57'], withTags: true });
  expect(losses.map(({ what, count }) => [what, count])).toEqual([
    ['acl', 1],
    ['tags', 1],
  ]);
});

it('says nothing of an object that was replaced', async () => {
  expect((await check({ without: KEYS, etag: 'y' })).losses).toEqual([]);
});

it('counts as lost what it cannot read, and does not ask on and on', async () => {
  const { losses, asked } = await check({ fails: true });
  expect(losses).toMatchObject([{ what: 'acl', count: KEYS.length }]);
  expect(asked).toBeLessThan(40);
});
