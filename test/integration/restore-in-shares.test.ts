import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MangamotionError } from '../../src/errors.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { eachObjectPage } from '../../src/object-store/s3/requests/list-requests.js';
import { isWithin } from '../../src/ranges/key-range.js';
import { locateBackup } from '../../src/repository/locate.js';
import { openBackup } from '../../src/repository/open-backup.js';
import type { RestorePlan, RestoreReport } from '../../src/restore/report.js';
import { shareRanges } from '../../src/restore/share-ranges.js';
import type { Share } from '../../src/workers/sharer.js';
import {
  type RestoreRequest,
  backUp,
  restore,
  temporaryFolder,
  withQuickRetries,
} from '../helpers/backups.js';
import { chunkedKeys } from '../helpers/chunked-keys.js';
import { run, runJson } from '../helpers/cli.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** Restores whose objects are restored in shares, apart from each other, and then as a whole. */

const STEMS = ['a/', 'b/', 'c/', 'd é/', 'e/', 'f/'];
const PAGE_KEYS = 5;
const RANGES_A_SHARE = 4;
const TAGGING = Buffer.from(
  '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
);
const VERSIONING = Buffer.from(
  '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
);

const store = testStore();
const { folder, remove } = temporaryFolder();
let big: string;
let empty: string;
let keys: string[];
let backup: string;
let targets: Map<string, string>;

beforeAll(async () => {
  big = await freshBucket(store);
  empty = await freshBucket(store);
  keys = chunkedKeys(big, STEMS, 12);
  await seed(
    store,
    big,
    keys.map((key) => ({ key, content: noise(100, key), attributes: { metadata: { key: 'x' } } })),
  );
  await store.writeBucketDocument(big, 'tagging', TAGGING);
  // In a bucket without objects, which else could not be removed.
  await store.writeBucketDocument(empty, 'versioning', VERSIONING);
  backup = join(folder, (await backUp(store, folder, [big, empty])).id);
});
beforeEach(() => {
  targets = new Map([big, empty].map((bucket) => [bucket, freshBucketName()]));
});
afterEach(async () => {
  for (const target of targets.values()) {
    if (await store.bucketExists(target)) await removeBucket(store, target);
  }
});
afterAll(async () => {
  for (const bucket of [big, empty]) await removeBucket(store, bucket);
  store.close();
  remove();
});

const target = () => targets.get(big) ?? '';
const textOf = async (key: string) => String(await readObject(store, target(), key));
const isDifferent = (key: string) => store.putObject(target(), key, contentOf(`other ${key}`));

async function restoreShare(
  share: Share | undefined,
  { selection, ...request }: RestoreRequest = {},
  through: ObjectStore = store,
): Promise<RestoreReport> {
  return await restore(through, await locateBackup(backup), {
    ...{ ...request, share },
    selection: { renames: targets, ...selection },
  });
}

/** The keys of the backup in each share. */
async function keysOfShares(of: number): Promise<string[][]> {
  const { directory, archives } = await openBackup(await locateBackup(backup));
  await archives.close();
  const selection = { buckets: [], keys: [], prefixes: [], renames: targets };
  return Array.from({ length: of }, (_, at) => {
    const ranges = shareRanges(directory, selection, { index: at + 1, of });
    return keys.filter((key) =>
      ranges.some((range) => range.bucket === big && isWithin(range, key)),
    );
  });
}

async function isRestored(): Promise<void> {
  expect(await snapshot(store, target())).toEqual(await snapshot(store, big));
  expect(await snapshot(store, targets.get(empty) ?? '')).toEqual(new Map());
}

/** The store, which tells what is written, and what is listed. */
function watched(): { through: ObjectStore; written: string[]; listed: string[] } {
  const [written, listed]: [string[], string[]] = [[], []];
  const plain = withQuickRetries(store);
  // Small pages, so that a small bucket has many.
  const listPage: ObjectStore['listPage'] = (bucket, options) =>
    plain.listPage(bucket, { ...options, maxKeys: PAGE_KEYS });
  const through: ObjectStore = {
    ...{ ...plain, listPage },
    putObject: async (bucket, key, ...rest) => {
      written.push(key);
      return await plain.putObject(bucket, key, ...rest);
    },
    listObjects: async function* (bucket, options) {
      for await (const page of eachObjectPage(
        { endpoint: plain.endpoint, listPage },
        bucket,
        options,
      )) {
        listed.push(...page.map(({ key }) => key));
        yield page;
      }
    },
  };
  return { through, written, listed };
}

describe('shares in any order, and then a restore of everything', () => {
  it('restore what the backup holds, and each share only what is its own', async () => {
    const shares = await keysOfShares(3);
    expect(shares.flat().sort()).toEqual([...keys].sort());
    for (const index of [3, 1, 2]) {
      const own = shares[index - 1] ?? [];
      expect(own.length).toBeGreaterThan(0);
      const { through, written } = watched();
      const report = await restoreShare({ index, of: 3 }, {}, through);
      expect(report).toMatchObject({ failures: [], losses: [], share: index, shares: 3 });
      expect(report.restored.objects).toBe(own.length);
      expect(report.proved).toBe(own.length);
      expect(written.sort()).toEqual([...own].sort());
    }
    await isRestored();
    const other = targets.get(empty) ?? '';
    expect((await store.readBucketDocument(other, 'versioning')).state).toBe('captured');
    expect((await store.readBucketDocument(target(), 'tagging')).state).toBe('none');
    const last = await restoreShare(undefined);
    expect(last).toMatchObject({ failures: [], restored: { objects: 0 } });
    expect((await store.readBucketDocument(target(), 'tagging')).state).toBe('captured');
  });

  it('at the same time, twice, and without one of them', async () => {
    const all = [1, 2, 3, 4].map((index) => ({ index, of: 5 }));
    const first = await Promise.all(all.map((share) => restoreShare(share)));
    const again = await Promise.all(all.map((share) => restoreShare(share)));
    const shares = await keysOfShares(5);
    for (const [at, report] of first.entries()) {
      expect(report).toMatchObject({ failures: [], restored: { objects: shares[at]?.length } });
    }
    for (const report of again)
      expect(report).toMatchObject({ failures: [], restored: { objects: 0 } });
    const last = await restoreShare(undefined);
    expect(last.restored.objects).toBe(shares[4]?.length);
    expect(last.failures).toEqual([]);
    await isRestored();
  });

  it('and one that was killed: it can be run again, and need not be', async () => {
    const killed = new AbortController();
    const plain = withQuickRetries(store);
    let puts = 0;
    const through: ObjectStore = {
      ...plain,
      putObject: async (...args) => {
        puts += 1;
        if (puts === 8) killed.abort(new Error('killed'));
        return await plain.putObject(...args);
      },
    };
    const dying = restoreShare({ index: 2, of: 2 }, { signal: killed.signal }, through);
    await expect(dying).rejects.toThrow('killed');
    await restoreShare({ index: 1, of: 2 });
    await restoreShare(undefined);
    await isRestored();
  });

  it('list of the target only their own ranges, when comparing and when proving', async () => {
    await restoreShare(undefined);
    const shares = await keysOfShares(3);
    for (const [at, own] of shares.entries()) {
      const [first, second = ''] = own;
      if (first === undefined) continue;
      await isDifferent(second);
      const { through, listed } = watched();
      const report = await restoreShare({ index: at + 1, of: 3 }, {}, through);
      expect(report.restored.objects).toBe(1);
      // The last page of a range goes past it.
      const foreign = listed.filter((key) => !own.includes(key));
      expect(new Set(foreign).size).toBeLessThan(RANGES_A_SHARE * PAGE_KEYS);
      expect(new Set(listed).size - new Set(foreign).size).toBe(own.length);
    }
    await isRestored();
  });

  it('of a prefix alone', async () => {
    const selection = { prefixes: ['b/', 'd'] };
    const wanted = keys.filter((key) => key.startsWith('b/') || key.startsWith('d'));
    let restored = 0;
    for (const index of [1, 2, 3]) {
      const report = await restoreShare({ index, of: 3 }, { selection });
      expect(report).toMatchObject({ failures: [], documents: [] });
      restored += report.restored.objects;
    }
    expect(restored).toBe(wanted.length);
    expect([...(await snapshot(store, target())).keys()].sort()).toEqual([...wanted].sort());
  });
});

describe('a target with other objects', () => {
  beforeEach(async () => {
    await store.createBucket(target());
    for (const stem of STEMS) await isDifferent(`${stem}00003`);
    await isDifferent('extra');
  });

  it('keeps them with skip, and loses them otherwise', async () => {
    for (const index of [2, 1]) {
      const share = { index, of: 2 };
      expect(await restoreShare(share, { onConflict: 'skip' })).toMatchObject({ failures: [] });
    }
    for (const stem of STEMS) expect(await textOf(`${stem}00003`)).toBe(`other ${stem}00003`);
    let overwritten = 0;
    for (const index of [2, 1]) {
      const { buckets } = await restoreShare({ index, of: 2 });
      for (const { overwrite } of buckets) overwritten += overwrite;
    }
    expect(overwritten).toBe(STEMS.length);
    expect(await textOf('extra')).toBe('other extra');
    await store.deleteObject(target(), 'extra');
    expect(await snapshot(store, target())).toEqual(await snapshot(store, big));
  });

  it('refuses the shares of them with fail, and no others', async () => {
    for (const stem of STEMS.slice(1)) await store.deleteObject(target(), `${stem}00003`);
    const shares = await keysOfShares(3);
    for (const [at, own] of shares.entries()) {
      const outcome = restoreShare({ index: at + 1, of: 3 }, { onConflict: 'fail' });
      if (own.includes('a/00003')) await expect(outcome).rejects.toThrow('nothing was changed');
      else expect(await outcome).toMatchObject({ failures: [] });
    }
    expect(await textOf('a/00003')).toBe('other a/00003');
  });
});

describe('a server', () => {
  it('that refuses to create a bucket which another share has just created is asked for it', async () => {
    const plain = withQuickRetries(store);
    const through: ObjectStore = {
      ...plain,
      bucketExists: async (bucket, options) =>
        options?.attempts === undefined ? false : await plain.bucketExists(bucket, options),
      createBucket: async (bucket) => {
        await plain.createBucket(bucket);
        if (bucket === target()) await plain.putObject(bucket, 'b/00001', contentOf('meanwhile'));
        throw new MangamotionError('refused', 'BucketAlreadyExists (status 409)');
      },
    };
    const shares = await keysOfShares(2);
    const index = shares.findIndex((own) => own.includes('b/00001')) + 1;
    const report = await restoreShare({ index, of: 2 }, { onConflict: 'skip' }, through);
    expect(report).toMatchObject({ failures: [] });
    expect(report.restored.objects).toBe((shares[index - 1]?.length ?? 0) - 1);
    expect(await textOf('b/00001')).toBe('meanwhile');
  });

  it('that lists nothing, or too little, behind a key is listed as a whole', async () => {
    await restoreShare(undefined);
    const plain = withQuickRetries(store);
    for (const lost of [Infinity, 3]) {
      const through: ObjectStore = {
        ...plain,
        listPage: async (bucket, options) => {
          const page = await plain.listPage(bucket, options);
          if (options?.startAfter === undefined) return page;
          return { ...page, objects: page.objects.slice(lost) };
        },
        listObjects: async function* (bucket, options) {
          let left = options?.startAfter === undefined ? 0 : lost;
          for await (const page of plain.listObjects(bucket, options)) {
            yield page.slice(left);
            left = Math.max(0, left - page.length);
          }
        },
      };
      const warnings: string[] = [];
      for (const index of [1, 2, 3]) {
        const report = await restoreShare(
          { index, of: 3 },
          { warn: (line) => warnings.push(line) },
          through,
        );
        expect(report).toMatchObject({ failures: [], restored: { objects: 0 } });
      }
      expect(warnings.filter((line) => line.includes('is listed as a whole')).length).toBe(3);
    }
  });
});

describe('restore --shard', () => {
  const args = () => [
    'restore',
    backup,
    ...[...targets].flatMap((pair) => ['--as', pair.join('=')]),
  ];

  it('tells which share it is, and what comes next', async () => {
    const plan = await runJson<RestorePlan>([...args(), '--shard', '2/3', '--dry-run']);
    expect(plan.answer).toMatchObject({ share: 2, shares: 3 });
    const own = (await keysOfShares(3))[1] ?? [];
    expect(plan.answer.buckets.reduce((sum, { create }) => sum + create, 0)).toBe(own.length);
    const done = await run([...args(), '--shard', '1+1/3']);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toContain(`restored ${own.length} objects`);
    expect(done.stdout).toMatch(/this was share 2 of 3: .*without --shard/);
    const last = await runJson<RestoreReport>(args());
    expect(last.answer.restored.objects).toBe(keys.length - own.length);
    expect(last.answer.share).toBeUndefined();
    await isRestored();
  });

  it('says of a share beyond the last range that it has nothing', async () => {
    const done = await run([...args(), '--shard', '400/400']);
    expect(done.exitCode).toBe(0);
    expect(done.stdout).toContain('this share has nothing');
  });

  it('is refused with what is not for shares', async () => {
    for (const wrong of [['--key', 'x'], ['--delete-extra']]) {
      const { exitCode, stderr } = await run([...args(), '--shard', '1/2', ...wrong]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`--shard and ${wrong[0] ?? ''} cannot be combined`);
    }
    for (const scope of ['metadata', 'redis']) {
      const { exitCode } = await run(['restore', backup, scope, '--shard', '1/2']);
      expect(exitCode).toBe(2);
    }
  });
});
