import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MangamotionError } from '../../src/errors.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { locateBackup } from '../../src/repository/locate.js';
import { planRestore } from '../../src/restore/plan-restore.js';
import type { RestoreReport } from '../../src/restore/report.js';
import { restoreByShares } from '../../src/restore/shares/restore-by-shares.js';
import { restoreForHead } from '../../src/restore/shares/restore-for-head.js';
import type { ShareResult } from '../../src/restore/shares/share-result.js';
import type { Sharer } from '../../src/workers/sharer.js';
import {
  NO_PROGRESS,
  type RestoreRequest,
  backUp,
  temporaryFolder,
  withQuickRetries,
} from '../helpers/backups.js';
import { chunkedKeys } from '../helpers/chunked-keys.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

type RestoreSharer = Omit<Sharer, 'close'>;

/** Restores whose head lets workers do the shares: here in this process, as they would elsewhere. */

const STEMS = ['a/', 'b/', 'c/', 'd/'];
const TAGGING = Buffer.from(
  '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>',
);

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let keys: string[];
let backup: string;
let target: string;
let warnings: string[];

beforeAll(async () => {
  bucket = await freshBucket(store);
  keys = chunkedKeys(bucket, STEMS, 10);
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: noise(50, key), attributes: { metadata: { key: 'x' } } })),
  );
  await store.writeBucketDocument(bucket, 'tagging', TAGGING);
  backup = join(folder, (await backUp(store, folder, [bucket])).id);
});
beforeEach(() => {
  target = freshBucketName();
  warnings = [];
});
afterEach(async () => {
  if (await store.bucketExists(target)) await removeBucket(store, target);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
  remove();
});

const isDifferent = (key: string) => store.putObject(target, key, contentOf(`other ${key}`));
const textOf = async (key: string) => String(await readObject(store, target, key));

function contextOf(through: ObjectStore) {
  return {
    ...{ store: through, now: () => new Date(), signal: new AbortController().signal },
    progress: { ...NO_PROGRESS, warn: (line: string) => void warnings.push(line) },
  };
}

/** Workers that do all shares at once, through a store of their own. */
function workers(through: ObjectStore = store): RestoreSharer & { answers: ShareResult[] } {
  const answers: ShareResult[] = [];
  const share = async (of: number, options: string) =>
    await Promise.all(
      Array.from({ length: of }, async (_, at) => {
        try {
          const located = await locateBackup(backup);
          const which = { index: at + 1, of };
          const result = await restoreForHead(contextOf(through), located, which, options);
          answers.push(JSON.parse(result) as ShareResult);
          return { result, attempts: 1 };
        } catch (error) {
          return { failure: { code: 'refused' as const, message: String(error) } };
        }
      }),
    );
  return { name: 'the workers of the test', share, answers };
}

interface HeadRequest extends RestoreRequest {
  /** Between the plan and the workers. */
  meanwhile?: () => Promise<unknown>;
}

async function restoreAll(
  sharer: RestoreSharer,
  { meanwhile, confirms = false, onConflict = 'overwrite', ...request }: HeadRequest = {},
  through: ObjectStore = store,
): Promise<RestoreReport> {
  const context = contextOf(through);
  const located = await locateBackup(backup);
  const { deleteExtra = false } = request;
  const restore = {
    ...{ scope: 'full' as const, deleteExtra, onConflict, confirms, dryRun: false },
    selection: { buckets: [], keys: [], prefixes: [], renames: new Map([[bucket, target]]) },
  };
  const planned = await planRestore(context, located, restore);
  try {
    await meanwhile?.();
    const apply = { consented: true, encryption: 'prefer', proof: true } as const;
    return await restoreByShares(context, located, planned, {
      ...{ restore, apply, sharer },
      shares: 3,
    });
  } finally {
    await planned.close();
  }
}

const isRestored = async () =>
  expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));

/** Another store whose PUTs are counted. */
function counting(): { through: ObjectStore; written: string[] } {
  const written: string[] = [];
  const plain = withQuickRetries(store);
  const putObject: ObjectStore['putObject'] = async (of, key, ...rest) => {
    written.push(key);
    return await plain.putObject(of, key, ...rest);
  };
  return { through: { ...plain, putObject }, written };
}

describe('a restore by workers', () => {
  it('restores and proves everything, and the head writes no object again', async () => {
    const sharer = workers();
    const { through, written } = counting();
    const report = await restoreAll(sharer, {}, through);
    expect(written).toEqual([]);
    expect(report).toMatchObject({ failures: [], failures_omitted: 0, losses: [], problems: [] });
    expect(report).toMatchObject({ restored: { objects: keys.length, bytes: keys.length * 50 } });
    expect(report.proved).toBe(keys.length);
    expect(report.buckets).toMatchObject([{ target, create: keys.length, create_bucket: true }]);
    expect(report.documents).toMatchObject([{ kind: 'tagging', result: 'written' }]);
    expect(sharer.answers.reduce((sum, { restored }) => sum + restored.objects, 0)).toBe(
      keys.length,
    );
    await isRestored();
    const again = await restoreAll(
      { name: 'nobody', share: () => Promise.reject(new Error('nothing is left')) },
      {},
    );
    expect(again.restored).toEqual({ objects: 0, bytes: 0 });
  });

  it('restores by itself what workers have not, or answer nonsense about', async () => {
    const able = workers();
    const sharer: RestoreSharer = {
      name: 'some workers',
      share: async (of, options) => {
        const outcomes = await able.share(of, options);
        for (const stem of STEMS.slice(2)) await store.deleteObject(target, `${stem}00001`);
        return [
          { failure: { code: 'unreachable', message: 'nobody listens' } },
          { result: '{"format":1,"restored":{"objects":-1}}', attempts: 1 },
          ...outcomes.slice(2),
        ];
      },
    };
    const report = await restoreAll(sharer);
    expect(report).toMatchObject({ failures: [], restored: { objects: keys.length } });
    expect(report.proved).toBe(keys.length);
    expect(warnings).toContain('this host restores what is left of 1 share itself: nobody listens');
    expect(warnings).toContain(
      'this host restores what is left of 1 share itself: its answer cannot be read',
    );
    await isRestored();
  });

  it('believes no worker that claims to have restored', async () => {
    const claim = { format: 1, restored: { objects: 40, bytes: 2000 }, failures_omitted: 0 };
    const result = JSON.stringify({
      ...claim,
      failures: [],
      losses: [],
      left_out: [],
      problems: [],
    });
    const share = (of: number) =>
      Promise.resolve(Array.from({ length: of }, () => ({ result, attempts: 1 })));
    const { through, written } = counting();
    const report = await restoreAll({ name: 'liars', share }, {}, through);
    expect(written.sort()).toEqual([...keys].sort());
    expect(report.restored.objects).toBe(keys.length);
    await isRestored();
  });

  it('names what workers have lost, and what they failed at unless it is there now', async () => {
    const plain = withQuickRetries(store);
    const refusing = (refused: string): ObjectStore => ({
      ...plain,
      putObject: async (of, key, content, options) => {
        if (key === refused) throw new MangamotionError('refused', `no ${key} today`);
        const attributes = { ...options?.attributes, metadata: {} };
        return await plain.putObject(of, key, content, { ...options, attributes });
      },
    });
    const sharer = workers(refusing('a/00001'));
    const report = await restoreAll(sharer);
    expect(sharer.answers.flatMap(({ failures }) => failures)).toMatchObject([{ key: 'a/00001' }]);
    const failed = warnings.filter((line) => line.includes('could not'));
    // That of the worker, and that of the head.
    expect(failed).toEqual([
      expect.stringMatching(/^1 object could not be restored: /),
      expect.stringMatching(/^workers could not restore 1 object, which this host tries itself: /),
    ]);
    expect(report.failures).toEqual([]);
    expect(await textOf('a/00001')).not.toBe('');
    expect(report.losses).toMatchObject([{ bucket: target, what: 'metadata' }]);
    expect(report.losses[0]?.count).toBeGreaterThanOrEqual(keys.length - 1);
    // The head fails at it as well, and names it once.
    await store.deleteObject(target, 'b/00001');
    const both = refusing('b/00001');
    const second = await restoreAll(workers(both), {}, both);
    expect(second.failures).toMatchObject([{ bucket: target, key: 'b/00001' }]);
    expect(second.restored.objects).toBe(0);
  });
});

describe('a target with other objects', () => {
  beforeEach(async () => {
    await store.createBucket(target);
    for (const stem of STEMS) await isDifferent(`${stem}00003`);
    for (const key of ['extra/1', 'extra/2']) await isDifferent(key);
  });

  it('loses to workers nothing where a person confirmed a plan, and to the head what it showed', async () => {
    const { through, written } = counting();
    const report = await restoreAll(workers(through), {
      ...{ confirms: true, deleteExtra: true },
      meanwhile: async () => {
        await isDifferent('a/00001');
        await store.putObject(target, 'b/00003', contentOf('another one since'));
        await isDifferent('extra/3');
      },
    });
    expect(written.filter((key) => key.endsWith('00003'))).toEqual([]);
    expect(written).not.toContain('a/00001');
    expect(report.failures.map(({ key }) => key).sort()).toEqual(
      expect.arrayContaining(['a/00001', 'b/00003']),
    );
    for (const { key, reason } of report.failures) {
      expect(reason).toContain('changed since the plan was shown');
      expect(['a/00001', 'b/00003', 'extra/3']).toContain(key);
    }
    expect(await textOf('a/00001')).toBe('other a/00001');
    expect(await textOf('b/00003')).toBe('another one since');
    expect(await textOf('extra/3')).toBe('other extra/3');
    expect(await textOf('c/00003')).not.toBe('other c/00003');
    // Extra objects stay where something was not restored.
    expect(report.deleted).toBe(0);
  });

  it('loses what the backup has, and what is extra, where nobody was asked', async () => {
    const { through, written } = counting();
    const report = await restoreAll(workers(through), { deleteExtra: true });
    expect(written.filter((key) => key.endsWith('00003'))).toHaveLength(STEMS.length);
    expect(report).toMatchObject({ failures: [], deleted: 2, restored: { objects: keys.length } });
    await isRestored();
  });

  it('keeps different objects with skip, and with fail those that come later', async () => {
    const skipped = await restoreAll(workers(), { onConflict: 'skip' });
    expect(skipped).toMatchObject({
      failures: [],
      restored: { objects: keys.length - STEMS.length },
    });
    for (const stem of STEMS) expect(await textOf(`${stem}00003`)).toBe(`other ${stem}00003`);

    await expect(restoreAll(workers(), { onConflict: 'fail' })).rejects.toThrow(
      'nothing was changed',
    );
    for (const stem of STEMS) await store.deleteObject(target, `${stem}00003`);
    const report = await restoreAll(workers(), {
      onConflict: 'fail',
      meanwhile: () => isDifferent('a/00003'),
    });
    expect(report.failures).toMatchObject([{ bucket: target, key: 'a/00003' }]);
    expect(report.failures[0]?.reason).toContain('taken its place since the plan');
    expect(await textOf('a/00003')).toBe('other a/00003');
    expect(report.restored.objects).toBe(STEMS.length - 1);
  });
});
