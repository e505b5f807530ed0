import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { locateBackup } from '../../src/repository/locate.js';
import { applyRestore } from '../../src/restore/apply-restore.js';
import { planRestore } from '../../src/restore/plan-restore.js';
import { NO_PROGRESS, backUp, temporaryFolder } from '../helpers/backups.js';
import { seed } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let id: string;
let target: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(
    store,
    bucket,
    ['a', 'b', 'c'].map((key) => ({ key, content: Buffer.from(`${key} of the backup`) })),
  );
  id = (await backUp(store, folder, [bucket])).id;
});
beforeEach(async () => {
  target = freshBucketName();
  await store.createBucket(target);
});
afterEach(() => removeBucket(store, target));
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const put = (key: string, text: string) => store.putObject(target, key, contentOf(text), {});
const textOf = async (key: string) => String(await readObject(store, target, key));

/** Restores, and does something between the plan and its execution. */
async function restoreAfter(
  confirms: boolean,
  deleteExtra: boolean,
  meanwhile: () => Promise<unknown>,
) {
  const context = {
    ...{ store, now: () => new Date(), signal: new AbortController().signal },
    progress: NO_PROGRESS,
  };
  const planned = await planRestore(context, await locateBackup(join(folder, id)), {
    ...{ scope: 'data', onConflict: 'overwrite', dryRun: false, confirms, deleteExtra },
    selection: { buckets: [bucket], keys: [], prefixes: [], renames: new Map([[bucket, target]]) },
  });
  try {
    await meanwhile();
    const options = { consented: true, encryption: 'prefer', proof: true } as const;
    return await applyRestore(context, planned, options);
  } finally {
    await planned.close();
  }
}

describe('where somebody was asked with the plan', () => {
  it('an object that appeared since, or is another one now, is not overwritten', async () => {
    await put('a', 'shown');
    await put('b', 'shown');
    const report = await restoreAfter(true, false, async () => {
      await put('b', 'came later, and is longer');
      await put('c', 'came later');
    });
    expect(report.failures).toMatchObject([
      { bucket: target, key: 'b' },
      { bucket: target, key: 'c' },
    ]);
    expect(report.failures[0]?.reason).toContain('changed since the plan was shown');
    expect(await Promise.all(['a', 'b', 'c'].map(textOf))).toEqual([
      ...['a of the backup', 'came later, and is longer', 'came later'],
    ]);
    expect(report).toMatchObject({ restored: { objects: 1 }, proved: 1 });
  });

  it('what was shown is overwritten and removed, and no more', async () => {
    for (const key of ['a', 'extra/1', 'extra/2']) await put(key, 'shown');
    const report = await restoreAfter(true, true, () => Promise.resolve());
    expect(report).toMatchObject({ failures: [], deleted: 2, restored: { objects: 3 } });
    const again = await restoreAfter(true, true, () => put('extra/3', 'came later'));
    expect(again).toMatchObject({ failures: [], deleted: 0, restored: { objects: 0 } });
    expect(await textOf('extra/3')).toBe('came later');
  });

  it('an object that was to be removed and is another one now stays', async () => {
    for (const key of ['extra/1', 'extra/2']) await put(key, 'shown');
    const report = await restoreAfter(true, true, () => put('extra/1', 'another one'));
    expect(report.deleted).toBe(1);
    expect(await textOf('extra/1')).toBe('another one');
  });
});

it('where nobody was asked, it is restored as it was decided to be', async () => {
  const report = await restoreAfter(false, false, () => put('c', 'came later'));
  expect(report).toMatchObject({ failures: [], restored: { objects: 3 } });
  expect(await textOf('c')).toBe('c of the backup');
});
