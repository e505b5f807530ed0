import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/object-store/port.js';
import type { Summary } from '../../src/repository/summary.js';
import {
  backUp,
  contents,
  restoreInto,
  tarList,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../helpers/backups.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { startInterferingProxy, type InterferingProxy } from '../helpers/interfering-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** S3 has no snapshot: what happens to objects between their listing and their last byte. */

const MIB = 1024 * 1024;
/** Over 8 MiB an object is written to the archive while it is being read. */
const LARGE = 9 * MIB + 17;

const store = testStore();
let proxy: FaultyProxy;
let throughProxy: ObjectStore;
let interfering: InterferingProxy;
let throughInterfering: ObjectStore;
let bucket: string;
let folder: string;

beforeEach(async () => {
  proxy = await startFaultyProxy(store.endpoint);
  throughProxy = testStore(addressOf(proxy.endpoint));
  interfering = await startInterferingProxy(store.endpoint);
  throughInterfering = testStore(addressOf(interfering.endpoint));
  bucket = await freshBucket(store);
  const temporary = temporaryFolder();
  folder = temporary.folder;
  await seed(store, bucket, [
    { key: 'before', content: noise(100, 'before') },
    { key: 'large', content: noise(LARGE, 'large') },
    { key: 'small', content: noise(1000, 'small') },
    { key: 'then', content: noise(100, 'then') },
  ]);
  return async () => {
    throughProxy.close();
    throughInterfering.close();
    await interfering.close();
    await proxy.close();
    await removeBucket(store, bucket);
    temporary.remove();
  };
});
afterEach(async () => {
  if (await store.bucketExists(restored)) await removeBucket(store, restored);
});
let restored = freshBucketName();

/** A store in which `change` happens once, after the object was listed and before it is read. */
function changingBefore(key: string, change: () => Promise<unknown>): ObjectStore {
  let done = false;
  interfering.setPlan((wanted) => {
    if (wanted !== key || done) return undefined;
    done = true;
    return { before: change };
  });
  return withQuickRetries(throughInterfering);
}

/**
 * A store in which the first body of `key` breaks after `afterBytes`, and `change` happens before
 * the rest of it is asked for.
 */
function changingWithin(
  key: string,
  afterBytes: number,
  change: () => Promise<unknown>,
): ObjectStore {
  let cuts = 0;
  proxy.setPlan(({ method, path }) =>
    method === 'GET' && path.endsWith(`/${key}`) && cuts++ === 0
      ? { kind: 'cut', afterBytes }
      : undefined,
  );
  return withQuickRetries(throughProxy, {
    sleep: async () => {
      await change();
    },
  });
}

/** The archive is whole for tar and for verify, and holds what the bucket holds now. */
async function expectToHoldTheBucket({ id }: Summary): Promise<void> {
  expect(await verify(folder, id)).toMatchObject({ status: 'ok', problems: [] });
  await tarList(join(folder, `${id}.tar.gz`));
  restored = freshBucketName();
  const report = await restoreInto(store, folder, id, { from: bucket, to: restored });
  expect(report.failures).toEqual([]);
  const now = await snapshot(store, bucket);
  expect([...(await contents(folder, id)).keys()]).toEqual([...now.keys()]);
  expect(await snapshot(store, restored)).toEqual(now);
}

describe.each(['small', 'large'])('a %s object', (key) => {
  it('that vanishes before it is read is counted as vanished', async () => {
    const summary = await backUp(
      changingBefore(key, () => store.deleteObject(bucket, key)),
      folder,
      [bucket],
    );
    expect(summary).toMatchObject({
      status: 'complete',
      objects: { total: 4, captured: 3, vanished: 1, failed: 0 },
      failures: [],
    });
    await expectToHoldTheBucket(summary);
  });

  it('that was overwritten before it is read is taken as it is now', async () => {
    const content = noise(2000, 'now');
    const summary = await backUp(
      changingBefore(key, () => store.putObject(bucket, key, contentOf(content))),
      folder,
      [bucket],
    );
    expect(summary).toMatchObject({
      status: 'complete',
      objects: { total: 4, captured: 4, changed: 1, vanished: 0, failed: 0 },
    });
    await expectToHoldTheBucket(summary);
  });

  it('that has grown before it is read is taken as it is now', async () => {
    const content = noise(LARGE + MIB, 'grown');
    const summary = await backUp(
      changingBefore(key, () => store.putObject(bucket, key, contentOf(content))),
      folder,
      [bucket],
    );
    expect(summary).toMatchObject({ status: 'complete', objects: { captured: 4, changed: 1 } });
    await expectToHoldTheBucket(summary);
  });
});

describe.each([
  ['small', 500],
  ['large', 5 * MIB],
])('a %s object, while it is being read,', (key, afterBytes) => {
  it.each([
    ['is replaced by another of its size', 0],
    ['shrinks', -1],
    ['shrinks to less than was read already', -Infinity],
    ['grows', MIB],
  ])('%s: it is read again from the start', async (_, difference) => {
    const size = key === 'small' ? 1000 : LARGE;
    const content = noise(Math.max(10, size + difference), 'another');
    const summary = await backUp(
      changingWithin(key, afterBytes, () => store.putObject(bucket, key, contentOf(content))),
      folder,
      [bucket],
    );
    expect(summary).toMatchObject({
      status: 'complete',
      objects: { total: 4, captured: 4, changed: 1, vanished: 0, failed: 0 },
    });
    await expectToHoldTheBucket(summary);
  });

  it('vanishes: it is counted as vanished, and the archive stays whole', async () => {
    const summary = await backUp(
      changingWithin(key, afterBytes, () => store.deleteObject(bucket, key)),
      folder,
      [bucket],
    );
    expect(summary).toMatchObject({
      status: 'complete',
      objects: { total: 4, captured: 3, vanished: 1, failed: 0 },
    });
    await expectToHoldTheBucket(summary);
  });

  it('breaks off again and again, and is captured all the same', async () => {
    let cuts = 0;
    proxy.setPlan(({ method, path }) =>
      method === 'GET' && path.endsWith(`/${key}`) && cuts++ < 4
        ? { kind: 'cut', afterBytes: Math.floor(afterBytes / 5) }
        : undefined,
    );
    const summary = await backUp(withQuickRetries(throughProxy), folder, [bucket]);
    expect(summary).toMatchObject({ status: 'complete', objects: { captured: 4, changed: 0 } });
    expect(cuts).toBe(5);
    await expectToHoldTheBucket(summary);
  });
});

describe('an object that changes each time it is read', () => {
  it('is given up and named, and the others are captured', async () => {
    let version = 0;
    proxy.setPlan(({ method, path }) =>
      method === 'GET' && path.endsWith('/large') ? { kind: 'cut', afterBytes: MIB } : undefined,
    );
    const changing = withQuickRetries(throughProxy, {
      sleep: async () => {
        await store.putObject(bucket, 'large', contentOf(noise(LARGE, `version ${version++}`)));
      },
    });
    const summary = await backUp(changing, folder, [bucket]);
    expect(summary).toMatchObject({
      status: 'partial',
      objects: { total: 4, captured: 3, failed: 1 },
      failures: [{ bucket, key: 'large', reason: expect.stringContaining('changed') as unknown }],
    });
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok', objects: 3 });
    await tarList(join(folder, `${summary.id}.tar.gz`));
  });
});
