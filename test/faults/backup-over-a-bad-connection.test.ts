import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isMangamotionError } from '../../src/errors.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import type { Summary } from '../../src/repository/summary.js';
import {
  backUp,
  backUpChanges,
  contents,
  filesIn,
  restoreInto,
  tarList,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../helpers/backups.js';
import { runJson } from '../helpers/cli.js';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { startInterferingProxy } from '../helpers/interfering-proxy.js';
import { noise, randomFrom, seed, snapshot, type SeedObject } from '../helpers/seed.js';
import {
  addressOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const MIB = 1024 * 1024;
const LARGE = 9 * MIB;
const SEED = process.env.TEST_SEED ?? new Date().toISOString();

const store = testStore();
let proxy: FaultyProxy;
let throughProxy: ObjectStore;
let bucket: string;
let folder: string;

beforeAll(async () => {
  proxy = await startFaultyProxy(store.endpoint);
  throughProxy = testStore(addressOf(proxy.endpoint));
  bucket = await freshBucket(store);
  await seed(store, bucket, objects());
});
beforeEach(() => {
  proxy.setPlan(() => undefined);
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});
afterAll(async () => {
  throughProxy.close();
  await proxy.close();
  await removeBucket(store, bucket);
  store.close();
});

const KEYS = ['large', ...Array.from({ length: 60 }, (_, i) => `page-${i + 10}`)];

function* objects(): Generator<SeedObject> {
  for (const key of KEYS) yield { key, content: noise(key === 'large' ? LARGE : 20_000, key) };
}

/** The fault for each request for the object itself. */
function faultOn(key: string, fault: Fault): void {
  proxy.setPlan(({ method, path }) =>
    method === 'GET' && path.endsWith(`/${key}`) ? fault : undefined,
  );
}

/** Restored, the backup has the objects of the bucket but for those missing. */
async function expectToHoldAllBut(missing: string[], id: string): Promise<void> {
  const target = freshBucketName();
  await restoreInto(store, folder, id, { from: bucket, to: target });
  const expected = await snapshot(store, bucket);
  for (const key of missing) expected.delete(key);
  expect(await snapshot(store, target)).toEqual(expected);
  await removeBucket(store, target);
}

describe('a large object whose body breaks for good', () => {
  it('is named and left out of the index; the archive stays whole for tar and verify', async () => {
    let pieces = 0;
    proxy.setPlan(({ method, path }) => {
      if (method !== 'GET' || !path.endsWith('/large')) return undefined;
      return pieces++ === 0 ? { kind: 'cut', afterBytes: 6 * MIB } : { kind: 'refuse' };
    });
    const summary = await backUp(withQuickRetries(throughProxy), folder, [bucket]);
    expect(summary).toMatchObject({
      status: 'partial',
      objects: { total: KEYS.length, captured: KEYS.length - 1, failed: 1, vanished: 0 },
      failures: [{ bucket, key: 'large', reason: expect.stringContaining('large') as unknown }],
    });
    // Its header was out: the file is there for tar, filled up with zeros, and nobody is told it is right.
    const names = await tarList(join(folder, `${summary.id}.tar.gz`));
    expect(names.filter((name) => name.endsWith('/large'))).toHaveLength(1);
    expect((await contents(folder, summary.id)).has('large')).toBe(false);
    expect(await verify(folder, summary.id)).toMatchObject({
      status: 'ok',
      objects: KEYS.length - 1,
    });
    await expectToHoldAllBut(['large'], summary.id);
  });
});

describe('an object that may not be read', () => {
  it.each(['large', 'page-20'])('%s is named, and the others are captured', async (key) => {
    faultOn(key, { kind: 'answer', status: 403, code: 'AccessDenied' });
    const { exitCode, answer } = await runJson(['backup', 'full', folder, '--bucket', bucket], {
      endpoint: proxy.endpoint,
    });
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({
      status: 'partial',
      objects: { total: KEYS.length, captured: KEYS.length - 1, failed: 1 },
      failures: [{ bucket, key, reason: expect.stringContaining('AccessDenied') as unknown }],
    });
  });
});

describe('a server that sends other bytes than it stored', () => {
  /** Backs up through a proxy that flips a bit of the object's body, so many times. */
  const backUpFlipping = async (key: string, times: number): Promise<Summary> => {
    const interfering = await startInterferingProxy(store.endpoint);
    const throughIt = testStore(addressOf(interfering.endpoint));
    let left = times;
    interfering.setPlan((wanted) =>
      wanted === key && left-- > 0 ? { flipByte: 10_000 } : undefined,
    );
    try {
      return await backUp(withQuickRetries(throughIt), folder, [bucket]);
    } finally {
      throughIt.close();
      await interfering.close();
    }
  };

  it.each(['large', 'page-20'])('once: %s is read again, and right', async (key) => {
    const summary = await backUpFlipping(key, 1);
    expect(summary).toMatchObject({ status: 'complete', objects: { captured: KEYS.length } });
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok' });
    await tarList(join(folder, `${summary.id}.tar.gz`));
    await expectToHoldAllBut([], summary.id);
  });

  it.each(['large', 'page-20'])('each time: %s is named, never stored as right', async (key) => {
    const summary = await backUpFlipping(key, Infinity);
    expect(summary).toMatchObject({
      status: 'partial',
      objects: { captured: KEYS.length - 1, failed: 1 },
      failures: [{ key, reason: expect.stringContaining('MD5') as unknown }],
    });
    expect((await contents(folder, summary.id)).has(key)).toBe(false);
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok' });
  });
});

describe(`a connection on which 5 % of all requests fail (TEST_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);
  const sometimes = (): Fault | undefined => {
    if (random() >= 0.05) return undefined;
    const faults: Fault[] = [
      { kind: 'answer', status: 503 },
      { kind: 'answer', status: 500, code: 'InternalError' },
      { kind: 'refuse' },
      { kind: 'cut', afterBytes: Math.floor(random() * 20_000) },
    ];
    return faults[Math.floor(random() * faults.length)];
  };

  it('is no obstacle to a chain of incrementals, nor to the restore of each link', async () => {
    const own = await freshBucket(store);
    await seed(store, own, objects());
    const patient = withQuickRetries(throughProxy);
    const links = [await backUp(store, folder, [own])];
    const states = [await snapshot(store, own)];
    for (let link = 1; link <= 3; link++) {
      await store.deleteObject(own, KEYS[link]!);
      const keys = ['large', `new-${link}`, ...KEYS.slice(10 * link, 10 * link + 8)];
      await seed(
        store,
        own,
        keys.map((key) => ({
          key,
          content: noise(key === 'large' ? LARGE : 30_000, `${key} ${link}`),
          attributes: { metadata: { link: `第${link}話` }, tags: [{ key: 'l', value: `${link}` }] },
        })),
      );
      states.push(await snapshot(store, own));
      proxy.setPlan(sometimes);
      // Through the proxy it is another source: the parent is one only from the second link on.
      links.push(await backUpChanges(patient, folder, [own]));
      proxy.setPlan(() => undefined);
      expect(links.at(-1)).toMatchObject({
        type: link === 1 ? 'full' : 'incremental',
        status: 'complete',
        failures: [],
      });
      expect(await verify(folder, links.at(-1)!.id)).toMatchObject({ status: 'ok', problems: [] });
    }
    for (const [i, { id }] of links.entries()) {
      const target = freshBucketName();
      proxy.setPlan(sometimes);
      const report = await restoreInto(patient, folder, id, { from: own, to: target });
      proxy.setPlan(() => undefined);
      expect(report).toMatchObject({ restored: { objects: states[i]!.size }, failures: [] });
      expect(await snapshot(store, target)).toEqual(states[i]);
      await removeBucket(store, target);
    }
    await removeBucket(store, own);
  });

  it('is no obstacle to a backup, nor to its restore', async () => {
    proxy.setPlan(sometimes);
    const patient = withQuickRetries(throughProxy);
    const summary = await backUp(patient, folder, [bucket]);
    expect(summary).toMatchObject({ status: 'complete', objects: { captured: KEYS.length } });
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok' });

    const target = freshBucketName();
    const report = await restoreInto(patient, folder, summary.id, { from: bucket, to: target });
    expect(report).toMatchObject({ restored: { objects: KEYS.length }, failures: [] });
    expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
    await removeBucket(store, target);
  });
});

describe('a server that goes away for good', () => {
  it.each(['large', 'page-40'])(
    'while %s is read: leaves no backup, and the next one is whole',
    async (key) => {
      let gone = false;
      proxy.setPlan(({ method, path }) => {
        if (gone) return { kind: 'refuse' };
        if (method !== 'GET' || !path.endsWith(`/${key}`)) return undefined;
        gone = true;
        return { kind: 'cut', afterBytes: 10_000 };
      });
      const failure: unknown = await backUp(withQuickRetries(throughProxy), folder, [bucket]).catch(
        (error: unknown) => error,
      );
      expect(isMangamotionError(failure, 'unreachable')).toBe(true);
      // What was written by then may stay, for the next run to take up.
      expect((await filesIn(folder)).filter((name) => !name.endsWith('.partial'))).toEqual([]);
      proxy.setPlan(() => undefined);
      const { id, status } = await backUp(withQuickRetries(throughProxy), folder, [bucket]);
      expect(status).toBe('complete');
      expect(await filesIn(folder)).toEqual([`${id}.json`, `${id}.tar.gz`]);
      expect(await verify(folder, id)).toMatchObject({ status: 'ok' });
    },
  );

  it('during a restore: it is the end of the run, and the next one completes it', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    const target = freshBucketName();
    let puts = 0;
    proxy.setPlan(({ method, path }) =>
      method === 'PUT' && path.includes('/page-') && ++puts > 20 ? { kind: 'refuse' } : undefined,
    );
    const into = { from: bucket, to: target };
    const report = await restoreInto(withQuickRetries(throughProxy), folder, id, into);
    expect(report.failures.length).toBeGreaterThan(0);
    expect(report.restored.objects + report.failures.length).toBe(KEYS.length);

    proxy.setPlan(() => ({ kind: 'refuse' }));
    const failure: unknown = await restoreInto(
      withQuickRetries(throughProxy),
      folder,
      id,
      into,
    ).catch((error: unknown) => error);
    expect(isMangamotionError(failure, 'unreachable')).toBe(true);

    proxy.setPlan(() => undefined);
    const again = await restoreInto(withQuickRetries(throughProxy), folder, id, into);
    expect(again.restored.objects).toBe(KEYS.length - report.restored.objects);
    expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
    await removeBucket(store, target);
  });
});
