import { cp } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { STRICT_GUARD } from '../../../src/backup/plan/backup-plan.js';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { Summary } from '../../../src/repository/summary.js';
import {
  backUp,
  backUpChanges,
  contents,
  filesIn,
  temporaryFolder,
  verify,
  withQuickRetries,
} from '../../helpers/backups.js';
import { seed } from '../../helpers/seed.js';
import { freshBucket, inParallel, removeBucket, testStore } from '../../helpers/test-store.js';

/**
 * A listing that lacks more keys of the earlier backup than are asked for one by one: most are really
 * gone, and some that come late the server only leaves out.
 */

const store: ObjectStore = testStore();
let bucket: string;
let folder: string;
let remove: () => void;
let first: Summary;

const KEYS = Array.from({ length: 1300 }, (_, i) => `page-${String(i).padStart(4, '0')}`);
/** More than are asked for. */
const GONE = KEYS.slice(0, 1150);
/** None of them is among the first 1,000 that the listing lacks, and one of them is a hundredth. */
const HIDDEN = KEYS.slice(1150, 1250);
const LEFT = KEYS.slice(1150);

const MEANT = { guard: { ...STRICT_GUARD, acceptDeletions: true } };

/** Holds the first backup; each test works on a copy. */
const original = temporaryFolder();

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(
    store,
    bucket,
    KEYS.map((key) => ({ key, content: Buffer.from(`the content of ${key}`) })),
  );
  first = await backUp(store, original.folder, [bucket]);
  await inParallel(16, GONE, (key) => store.deleteObject(bucket, key));
});

beforeEach(async () => {
  ({ folder, remove } = temporaryFolder());
  await cp(original.folder, folder, { recursive: true });
});

afterEach(() => {
  remove();
});

afterAll(async () => {
  original.remove();
  await removeBucket(store, bucket);
  store.close();
});

/** The store with a listing that leaves out these keys; `heads` are the keys that HEAD was sent for. */
function hiding(keys: readonly string[]): { odd: ObjectStore; heads: string[] } {
  const hidden = new Set(keys);
  const heads: string[] = [];
  const real = withQuickRetries(store);
  const odd: ObjectStore = {
    ...real,
    listPage: async (name, options) => {
      const page = await real.listPage(name, options);
      return { ...page, objects: page.objects.filter(({ key }) => !hidden.has(key)) };
    },
    listObjects: async function* (name, options) {
      for await (const page of real.listObjects(name, options)) {
        yield page.filter(({ key }) => !hidden.has(key));
      }
    },
    headObject: async (name, key, options) => {
      heads.push(key);
      return await real.headObject(name, key, options);
    },
  };
  return { odd, heads };
}

describe.each([
  ['a full', backUp],
  ['an incremental', backUpChanges],
] as const)('%s backup', (_, run) => {
  it('begins anew where one of those that it did not ask for is there, and holds them all', async () => {
    const { odd } = hiding(HIDDEN);
    const warnings: string[] = [];
    const summary = await run(odd, folder, [bucket], {
      ...MEANT,
      warn: (text) => warnings.push(text),
    });
    expect(warnings.join('\n')).toContain(
      `the server's listing of ${bucket} leaves out objects that exist, such as "page-1200": HEAD requests check each object that the last backup holds and the listing lacks, and the run starts over`,
    );
    expect(summary).toMatchObject({
      status: 'partial',
      supersedes: true,
      guard: { compared_with: first.id, by: 'index' },
      objects: { total: 150, deleted: 1150, failed: 0, carried: 0, vanished: 0 },
    });
    expect(summary.failures).toEqual([
      {
        bucket,
        key: '',
        operation: 'ListObjectsV2',
        status: 200,
        reason: expect.stringContaining(
          `the server's listing of ${bucket} leaves out objects that exist`,
        ) as string,
      },
    ]);
    expect(summary.failures[0]?.reason).toContain(`HEAD requests found 100 objects of ${first.id}`);
    const held = await contents(folder, summary.id);
    expect([...held.keys()]).toEqual(LEFT);
    const before = await contents(folder, first.id);
    for (const [key, { sha256 }] of held) expect(sha256).toBe(before.get(key)?.sha256);
    expect(await verify(folder, summary.id)).toMatchObject({ status: 'ok', problems: [] });
    // What the first attempt had left is used up.
    expect((await filesIn(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('asks for no more than the first 1,000 and one in 100 where all are gone', async () => {
    const { odd, heads } = hiding([]);
    const summary = await run(odd, folder, [bucket], MEANT);
    expect(summary).toMatchObject({
      status: 'complete',
      objects: { total: 150, deleted: 1150, vanished: 0 },
      failures: [],
    });
    const missing = heads.filter((key) => GONE.includes(key));
    expect(missing.sort()).toEqual([...GONE.slice(0, 1000), 'page-1000', 'page-1100']);
  });

  it('is suspect where so many deletions are not meant, and still holds what was hidden', async () => {
    const { odd } = hiding(HIDDEN);
    const summary = await run(odd, folder, [bucket]);
    expect(summary).toMatchObject({
      status: 'suspect',
      suspicious: [{ bucket, before: 1300, deleted: 1150 }],
    });
    expect(summary.failures.map(({ key }) => key)).toEqual(['']);
    expect([...(await contents(folder, summary.id)).keys()]).toEqual(LEFT);
  });
});
