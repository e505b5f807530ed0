import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STRICT_GUARD } from '../../../src/backup/plan/backup-plan.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import { openDestination } from '../../../src/repository/locate.js';
import { linesOf } from '../../../src/repository/lines/lines.js';
import { backUp, backUpChanges, temporaryFolder, withQuickRetries } from '../../helpers/backups.js';
import { loginPage } from '../../helpers/odd-messages.js';
import { startOddProxy } from '../../helpers/odd-proxy.js';
import { seed } from '../../helpers/seed.js';
import { answering, asks } from '../../faults/odd-servers/ways.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  inParallel,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';

/** What a full backup of a store that lost its objects claims, and what ends a suspicion. */

const store: ObjectStore = testStore();
let bucket: string;
let folder: string;
let remove: () => void;

const KEYS = Array.from({ length: 100 }, (_, i) => `page-${String(i).padStart(3, '0')}`);

beforeEach(async () => {
  ({ folder, remove } = temporaryFolder());
  bucket = await freshBucket(store);
  await put(KEYS);
});

afterEach(async () => {
  await removeBucket(store, bucket).catch(() => undefined);
  remove();
});

afterAll(() => store.close());

async function put(keys: readonly string[], text?: string): Promise<void> {
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: Buffer.from(text ?? `the content of ${key}`) })),
  );
}

async function lose(keys: readonly string[]): Promise<void> {
  await inParallel(16, keys, (key) => store.deleteObject(bucket, key));
}

/** The store as a user sees it who may see these buckets alone: others belong to other tests. */
function showing(of: ObjectStore, names: readonly string[]): ObjectStore {
  const listBuckets: ObjectStore['listBuckets'] = async (options) =>
    (await of.listBuckets(options)).filter(({ name }) => names.includes(name));
  return { ...withQuickRetries(of), listBuckets };
}

async function newestTrusted(): Promise<string | undefined> {
  const lines = linesOf(await (await openDestination(folder)).list());
  return lines.at(0)?.newestTrusted?.id;
}

describe('a full backup of a store that has lost its objects', () => {
  it('is suspect, and what was made before it is what is trusted', async () => {
    const good = await backUp(store, folder, [bucket]);
    await lose(KEYS.slice(0, 26));
    const bad = await backUp(store, folder, [bucket]);
    expect(bad).toMatchObject({
      status: 'suspect',
      suspicious: [{ bucket, before: 100, deleted: 26 }],
      guard: { compared_with: good.id, by: 'index', accepted: false },
      objects: { total: 74, captured: 74, deleted: 26 },
    });
    const again = await backUp(store, folder, [bucket]);
    expect([again.status, again.guard?.compared_with]).toEqual(['suspect', good.id]);
    expect(await newestTrusted()).toBe(good.id);
  });

  it('is no longer suspect once the objects are back', async () => {
    await backUp(store, folder, [bucket]);
    await lose(KEYS);
    expect((await backUp(store, folder, [bucket])).status).toBe('suspect');
    await put(KEYS);
    const back = await backUp(store, folder, [bucket]);
    expect(back.status).toBe('complete');
    expect(await newestTrusted()).toBe(back.id);
  });

  it('is complete where the deletions are accepted, or expected of the bucket', async () => {
    await backUp(store, folder, [bucket]);
    await lose(KEYS.slice(0, 60));
    const guard = { ...STRICT_GUARD, expectDeletions: new Map([[bucket, 59]]) };
    expect((await backUp(store, folder, [bucket], { guard })).status).toBe('suspect');
    guard.expectDeletions.set(bucket, 60);
    expect((await backUp(store, folder, [bucket], { guard })).status).toBe('complete');
    await lose(KEYS);
    const accepting = { guard: { ...STRICT_GUARD, acceptDeletions: true } };
    const accepted = await backUp(store, folder, [bucket], accepting);
    expect([accepted.status, accepted.guard?.accepted]).toEqual(['complete', true]);
    expect(await newestTrusted()).toBe(accepted.id);
  });

  it('is suspect by the counts of the summaries where the trusted index cannot be read', async () => {
    const good = await backUp(store, folder, [bucket]);
    await truncate(join(folder, `${good.id}.tar.gz`), 1000);
    await lose(KEYS.slice(0, 26));
    const warnings: string[] = [];
    const bad = await backUp(store, folder, [bucket], { warn: (line) => warnings.push(line) });
    expect(bad).toMatchObject({
      status: 'suspect',
      guard: { compared_with: good.id, by: 'counts' },
      suspicious: [{ bucket, before: 100, deleted: 26 }],
    });
    expect(warnings.join()).toContain(
      `${good.id} cannot be read, so this backup is compared with the counts in its summary`,
    );
  });
});

describe('contents that were wiped in place', () => {
  it('make a full and an incremental suspect: all are empty, or all are the same', async () => {
    await backUp(store, folder, [bucket]);
    await put(KEYS.slice(0, 26), '');
    const emptied = await backUpChanges(store, folder, [bucket]);
    expect(emptied).toMatchObject({
      status: 'suspect',
      suspicious: [{ bucket, before: 100, deleted: 0, wiped: 26 }],
    });
    await put(KEYS.slice(0, 26), 'pay us');
    const ransomed = await backUp(store, folder, [bucket]);
    expect([ransomed.status, ransomed.suspicious[0]?.wiped]).toEqual(['suspect', 26]);
    const guard = { ...STRICT_GUARD, acceptChanges: true };
    expect((await backUpChanges(store, folder, [bucket], { guard })).status).toBe('complete');
  });

  it('are a notice where over half of a bucket has changed, each to something of its own', async () => {
    await backUp(store, folder, [bucket]);
    await inParallel(16, KEYS.slice(0, 51), (key) =>
      store.putObject(bucket, key, contentOf(`another content of ${key}`)),
    );
    const changed = await backUpChanges(store, folder, [bucket]);
    expect(changed.status).toBe('complete');
    expect(changed.notices).toEqual([
      `51 of 100 objects of ${bucket} have changed since the last trusted backup`,
    ]);
  });
});

describe('a bucket that is missing altogether', () => {
  it('makes a backup of the whole store suspect', async () => {
    const other = await freshBucket(store);
    try {
      await store.putObject(other, 'stays', contentOf('x'));
      const mine = showing(store, [bucket, other]);
      await backUp(mine, folder, []);
      await removeBucket(store, bucket);
      const bad = await backUp(mine, folder, []);
      expect(bad).toMatchObject({
        status: 'suspect',
        suspicious: [{ bucket, before: 100, deleted: 100 }],
      });
    } finally {
      await removeBucket(store, other);
    }
  });

  it('is not taken for gone by a 404 of something before the store', async () => {
    const other = await freshBucket(store);
    const proxy = await startOddProxy();
    const behind = testStore(addressOf(proxy.endpoint));
    try {
      await store.putObject(other, 'stays', contentOf('x'));
      await backUp(showing(behind, [bucket, other]), folder, []);
      const page = { ...loginPage(), status: 404 };
      proxy.be(answering(asks(/^(?:ListObjectsV2|HeadBucket)$/, bucket), () => page));
      const hidden = await backUp(showing(behind, [other]), folder, []);
      expect(hidden.status).toBe('partial');
      expect(hidden.failures).toMatchObject([{ bucket, key: '', operation: 'ListObjectsV2' }]);
    } finally {
      behind.close();
      await proxy.close();
      await removeBucket(store, other);
    }
  });
});
