import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compareKeys } from '../../src/key-order.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { backUp, restoreInto, temporaryFolder } from '../helpers/backups.js';
import type { Entry } from '../helpers/odd-listing.js';
import { startOddProxy, type Next, type OddProxy, type OddServer } from '../helpers/odd-proxy.js';
import { listing, seed } from '../helpers/seed.js';
import {
  addressOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const store = testStore();
const { folder, remove } = temporaryFolder();
let proxy: OddProxy;
let odd: ObjectStore;
let bucket: string;
let id: string;
let target: string;

/** The buckets that restores have made to try keys, and have not removed. */
async function probeBuckets(): Promise<string[]> {
  const names = (await store.listBuckets()).map(({ name }) => name);
  return names.filter((name) => /^mangamotion-probe-[0-9a-f]{12}$/.test(name));
}

beforeAll(async () => {
  proxy = await startOddProxy();
  odd = testStore(addressOf(proxy.endpoint));
  bucket = await freshBucket(store);
  proxy.be(keepsSlash({}));
  await seed(odd, bucket, [
    { key: '/x', content: Buffer.from('of /x') },
    { key: 'x', content: Buffer.from('of x, and longer') },
    ...Array.from({ length: 8 }, (_, i) => ({ key: `k${i}`, content: Buffer.from(`k ${i}`) })),
    {
      key: 'tagged',
      content: Buffer.from('tagged'),
      attributes: { tags: [{ key: 'a', value: 'b' }], metadata: { title: 'été' } },
    },
  ]);
  id = (await backUp(odd, folder, [bucket])).id;
});
beforeEach(() => {
  target = freshBucketName();
  proxy.be();
  proxy.requests.length = 0;
  return async () => {
    if (await store.bucketExists(target)) await removeBucket(store, target);
    // A restore of another test may be at its probe.
    await expect.poll(probeBuckets).toEqual([]);
  };
});
afterAll(async () => {
  await removeBucket(store, bucket);
  await proxy.close();
  odd.close();
  store.close();
  remove();
});

/** On any server behind the proxy `/x` and `x` are two objects, unless the odd one above says otherwise. */
function keepsSlash({ handle, entries }: OddServer): OddServer {
  const slashed = /^held(?=\/)/;
  const shown = (all: Entry[]) =>
    all
      .map((entry) => ({ ...entry, key: entry.key.replace(slashed, '') }))
      .sort((a, b) => compareKeys(a.key, b.key));
  return {
    entries: (all, of) => entries?.(shown(all), of) ?? shown(all),
    handle: (request, next) => {
      const below: Next = (asked) =>
        next(asked.key.startsWith('/') ? { ...asked, key: `held${asked.key}` } : asked);
      return (handle ?? ((asked) => below(asked)))(request, below);
    },
  };
}

const restoreOddly = (server: OddServer, more: Parameters<typeof restoreInto>[4] = {}) => {
  proxy.be(keepsSlash(server));
  return restoreInto(odd, folder, id, { from: bucket, to: target }, more);
};

const dropsSlash: OddServer = {
  handle: (request, next) => next({ ...request, key: request.key.replace(/^\/+/, '') }),
};

describe('a target that stores /x as x', () => {
  it('keeps the right x, however often it is restored, and names /x', async () => {
    for (const round of [1, 2]) {
      const report = await restoreOddly(dropsSlash);
      expect(report.failures, `round ${round}`).toMatchObject([{ bucket: target, key: '/x' }]);
      expect(report.failures[0]?.reason).toContain('instead');
      expect(report.probes).toMatchObject([{ class: 'leading /', outcome: 'renamed' }]);
      expect(String(await readObject(store, target, 'x'))).toBe('of x, and longer');
      expect(report.proved).toBe(report.restored.objects);
    }
  });

  it('is not taken in by --key /x either, which a HEAD request finds', async () => {
    await restoreOddly(dropsSlash);
    const report = await restoreOddly(dropsSlash, { selection: { keys: ['/x'] } });
    expect(report.failures).toMatchObject([{ key: '/x' }]);
    expect(String(await readObject(store, target, 'x'))).toBe('of x, and longer');
  });

  it('leaves no probe behind where a signal ends the restore', async () => {
    const ending = new AbortController();
    const server: OddServer = {
      handle: async (request, next) => {
        const answer = await next({ ...request, key: request.key.replace(/^\/+/, '') });
        if (request.operation === 'PutObject') ending.abort(new Error('signal'));
        return answer;
      },
    };
    await expect(restoreOddly(server, { signal: ending.signal })).rejects.toThrow('signal');
    expect(await store.bucketExists(target)).toBe(false);
  });
});

describe('the proof', () => {
  it('names what the target does not list, lists under another name, or with another size', async () => {
    const report = await restoreOddly({
      entries: (all, of) =>
        of !== target
          ? all
          : all
              .filter(({ key }) => key !== 'k1')
              .map((entry) => (entry.key === 'k2' ? { ...entry, key: 'k2-renamed' } : entry))
              .map((entry) => (entry.key === 'k3' ? { ...entry, size: '1' } : entry)),
    });
    const reasons = Object.fromEntries(report.failures.map(({ key, reason }) => [key, reason]));
    expect(Object.keys(reasons).sort()).toEqual(['k1', 'k2', 'k3']);
    expect(reasons.k1).toMatch(/not listed .* HEAD request finds it/);
    expect(reasons.k2).toMatch(/stored it as "k2-renamed"/);
    expect(reasons.k3).toMatch(/1 byte instead of 3/);
    expect(report.proved).toBe(8);
    expect((await readdir(tmpdir())).filter((name) => name.includes('-written-'))).toEqual([]);
  });

  it('is left out with --no-proof, which is told; probes are not', async () => {
    const report = await restoreOddly(dropsSlash, { proof: false });
    expect(report).toMatchObject({ proved: null, probes: [{ outcome: 'renamed' }] });
  });

  it('lists the keys one by one where few of a large bucket were written', async () => {
    await store.createBucket(target);
    const others = Array.from({ length: 250 }, (_, i) => `other/${i}`);
    await seed(
      store,
      target,
      others.map((key) => ({ key, content: Buffer.from('o') })),
    );
    await restoreOddly({});
    await store.deleteObject(target, 'k4');
    proxy.requests.length = 0;
    const report = await restoreOddly({});
    expect(report).toMatchObject({ proved: 1, failures: [] });
    const last = proxy.requests.filter(({ operation }) => operation === 'ListObjectsV2').at(-1);
    expect([last?.query.get('prefix'), last?.query.get('max-keys')]).toEqual(['k4', '1']);
  });
});

describe('what belongs to objects', () => {
  it('is read back: tags that the target takes and does not keep are named as lost', async () => {
    const report = await restoreOddly({
      handle: (request, next) => {
        const headers = { ...request.headers };
        delete headers['x-amz-tagging'];
        return next({ ...request, headers });
      },
    });
    expect(report.failures).toEqual([]);
    expect(report.losses).toMatchObject([
      { bucket: target, what: 'tags', count: 1, keys: ['tagged'] },
    ]);
  });

  it('is left out where the target refuses it, which is named', async () => {
    const report = await restoreOddly({
      handle: (request, next) =>
        request.headers['x-amz-tagging'] === undefined
          ? next(request)
          : {
              status: 501,
              headers: {},
              body: Buffer.from('<Error><Code>NotImplemented</Code><Message>no</Message></Error>'),
            },
    });
    expect(report.failures).toEqual([]);
    expect(report.losses).toMatchObject([{ what: 'tags', count: 1, keys: ['tagged'] }]);
    expect(await store.headObject(target, 'tagged')).toMatchObject({ metadata: { title: 'été' } });
  });
});

it('one object that fails ends nothing, and is named with operation, status and code', async () => {
  const report = await restoreOddly({
    handle: (request, next) =>
      request.key === 'k5' && request.operation === 'PutObject'
        ? {
            status: 451,
            headers: {},
            body: Buffer.from('<Error><Code>Unavailable</Code><Message>no</Message></Error>'),
          }
        : next(request),
  });
  expect(report.failures).toMatchObject([
    { key: 'k5', operation: 'PutObject', status: 451, code: 'Unavailable' },
  ]);
  expect(await listing(store, target)).toHaveLength(10);
});

it('a restore of the same again writes nothing', async () => {
  await restoreOddly({});
  const report = await restoreOddly({});
  expect(report).toMatchObject({ restored: { objects: 0 }, failures: [], losses: [] });
});
