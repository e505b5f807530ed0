import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listContents } from '../../src/backup/contents.js';
import { locateBackup } from '../../src/repository/locate.js';
import { openBackup } from '../../src/repository/open-backup.js';
import type { PruneReport } from '../../src/repository/retention/prune.js';
import type { DestinationStatus } from '../../src/repository/status.js';
import type { Summary } from '../../src/repository/summary.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { run, runJson, runJsonProcess, storeSettings } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { namesAt, putBackup } from '../helpers/s3-destinations.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import type { Made } from '../helpers/summaries.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** What is done with the backups that lie in a bucket. */

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;
const PREFIX = 'nightly/';

const store = testStore();
let source: string;
let bucket: string;
let proxy: FaultyProxy;
let env: Record<string, string>;
let destination: string;

beforeAll(async () => {
  source = await freshBucket(store);
  const pages = Array.from({ length: 40 }, (_, i) => `page-${i + 100}`);
  await seed(store, source, [
    ...pages.map((key) => ({ key, content: noise(20_000, key) })),
    { key: 'video', content: noise(9 * MIB, 'video') },
  ]);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
});
beforeEach(async () => {
  bucket = await freshBucket(store);
  destination = `s3://${bucket}/${PREFIX.slice(0, -1)}`;
  env = backupStoreSettings(proxy.endpoint);
  proxy.setPlan(() => undefined);
  proxy.requests.length = 0;
});
afterEach(() => removeBucket(store, bucket));
afterAll(async () => {
  await removeBucket(store, source);
  await proxy.close();
  store.close();
});

const backUp = async (): Promise<Summary> => {
  const args = ['backup', 'full', destination, '--bucket', source];
  const { exitCode, answer } = await runJson<Summary>(args, { env });
  expect(exitCode).toBe(0);
  return answer;
};
const names = () => namesAt(store, { bucket, prefix: PREFIX });
const keyOf = (id: string, suffix: string): string => PREFIX + id + suffix;

describe('backup prune of a bucket', () => {
  let sequence = 0;
  const made = (daysAgo: number, more: Partial<Made> = {}): Promise<string> => {
    const at = new Date(Date.now() - daysAgo * DAY_MS).toISOString();
    return putBackup(store, { bucket, prefix: PREFIX }, { at, sequence: ++sequence, ...more });
  };
  const prune = (...args: string[]) =>
    runJson<PruneReport>(['backup', 'prune', destination, ...args], { env });

  it('removes what has expired, the summary before the archive, and nothing else', async () => {
    const [old, newest] = [await made(9), await made(1)];
    await store.putObject(bucket, `${PREFIX}notes.txt`, contentOf('by hand'));
    await store.putObject(bucket, `${old}.tar.gz`, contentOf('of another destination'));
    const dry = await prune('--keep-last', '1', '--dry-run');
    expect(dry.answer.removed).toEqual([{ id: old, bytes: 100 }]);
    expect(await names()).toHaveLength(5);
    const { exitCode, answer } = await prune('--keep-last', '1');
    expect({ exitCode, removed: answer.removed }).toEqual({
      exitCode: 0,
      removed: [{ id: old, bytes: 100 }],
    });
    expect(await names()).toEqual([`${newest}.json`, `${newest}.tar.gz`, 'notes.txt']);
    expect(String(await readObject(store, bucket, `${old}.tar.gz`))).toBe('of another destination');
    const deleted = proxy.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes(old),
    );
    expect(deleted.map(({ path }) => path.slice(path.indexOf(old) + old.length))).toEqual([
      '.json',
      '.tar.gz',
      '.json.partial',
    ]);
  });

  it('marks a full that an incremental needs, and takes the mark away again', async () => {
    const full = await made(9);
    const needs = await made(8, { type: 'incremental', references: [full] });
    await made(1);
    const expired = await prune('--type', 'full', '--keep-days', '5');
    expect(expired.answer).toMatchObject({ referenced: [{ id: full, by: [needs] }], removed: [] });
    expect(await names()).toContain(`${full}.expired`);
    const list = await runJson<{ backups: object[] }>(['backup', 'list', destination], { env });
    expect(list.answer.backups[0]).toMatchObject({
      id: full,
      expired: true,
      kept_because: [needs],
    });

    await prune('--keep-days', '30');
    expect(await names()).not.toContain(`${full}.expired`);
    await prune('--type', 'full', '--keep-days', '5');
    await prune('--keep-last', '1');
    expect((await names()).filter((name) => name.includes(full))).toEqual([]);
  });

  it('that ends between summary and archive leaves what the next run removes', async () => {
    const [old] = [await made(9), await made(1)];
    proxy.setPlan(({ method, path }) =>
      method === 'DELETE' && path.endsWith(`${old}.tar.gz`)
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    expect((await prune('--keep-last', '1')).exitCode).toBe(6);
    expect((await names()).filter((name) => name.includes(old))).toEqual([
      `${old}.json.partial`,
      `${old}.tar.gz`,
    ]);
    proxy.setPlan(() => undefined);
    await backUp();
    expect((await names()).filter((name) => name.includes(old))).toEqual([]);
  });
});

describe('backup status of a bucket', () => {
  it('tells age, chains and growth, and is 5 when the archive is gone', async () => {
    const { id } = await backUp();
    const status = () =>
      runJson<DestinationStatus>(['backup', 'status', destination, '--max-age', '1h'], { env });
    expect(await status()).toMatchObject({
      exitCode: 0,
      answer: { destination, freshness: { status: 'fresh' }, chains: { status: 'ok', checked: 1 } },
    });
    await store.deleteObject(bucket, keyOf(id, '.tar.gz'));
    expect(await status()).toMatchObject({
      exitCode: 5,
      answer: { chains: { problems: [{ id, kind: 'archive_missing' }] } },
    });
  });
});

describe('--latest in a bucket', () => {
  it('is the newest complete backup, and the destination may be empty', async () => {
    const none = await run(['backup', 'verify', destination, '--latest'], { env });
    expect(none.exitCode).toBe(4);
    await backUp();
    const { id } = await backUp();
    const verified = await runJson(['backup', 'verify', destination, '--latest'], { env });
    expect(verified).toMatchObject({ exitCode: 0, answer: { id, status: 'ok' } });
    const target = freshBucketName();
    const args = ['restore', destination, '--latest', '--as', `${source}=${target}`];
    expect((await run(args, { env })).exitCode).toBe(0);
    expect(await snapshot(store, target)).toEqual(await snapshot(store, source));
    await removeBucket(store, target);
  });
});

describe('an archive in a bucket', () => {
  it.each([
    ['that is missing', async (key: string) => await store.deleteObject(bucket, key), /missing/],
    [
      'that is cut off',
      async (key: string) => {
        const bytes = await readObject(store, bucket, key);
        await store.putObject(bucket, key, contentOf(bytes.subarray(0, bytes.length - 1000)));
      },
      /has [\d,]+ bytes, but its summary says [\d,]+/,
    ],
  ])('%s: incomplete for verify, status 5, and a restore writes nothing', async (_, harm, says) => {
    const { id } = await backUp();
    await harm(keyOf(id, '.tar.gz'));
    const verified = await runJson(['backup', 'verify', `${destination}/${id}`], { env });
    expect(verified).toMatchObject({ exitCode: 5, answer: { id, status: 'incomplete' } });
    const target = freshBucketName();
    const args = ['restore', `${destination}/${id}`, '--as', `${source}=${target}`];
    const { exitCode, stdout, stderr } = await run(args, { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 5, stdout: '' });
    expect(stderr).toMatch(/^mangamotion: [^\n]+\n( {2}hint: [^\n]+\n)?$/);
    expect(stderr).toMatch(says);
    expect(await store.bucketExists(target)).toBe(false);
  });
});

describe('two backups to one bucket at once', () => {
  const both = (...args: string[]) => {
    const all = ['backup', 'full', destination, '--bucket', source, ...args];
    return Promise.all(
      [1, 2].map(() =>
        runJsonProcess<Summary & { error?: { code: string; hint: string } }>(all, { env }),
      ),
    );
  };

  it('are one backup and one refusal, with status 7', async () => {
    const runs = await both();
    expect(runs.map(({ exitCode }) => exitCode).sort()).toEqual([0, 7]);
    const refusal = runs.find(({ exitCode }) => exitCode === 7)?.answer.error;
    expect(refusal).toMatchObject({ code: 'locked' });
    expect(refusal?.hint).toContain('--wait-lock');
    expect(await names()).toHaveLength(2);
  });

  it('are two backups, one after the other, with --wait-lock', async () => {
    const runs = await both('--wait-lock', '2m');
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const [first, second] = runs
      .map(({ answer }) => answer)
      .sort((a, b) => a.sequence - b.sequence);
    expect(second?.sequence).toBe((first?.sequence ?? 0) + 1);
    expect(Date.parse(second?.created_at ?? '')).toBeGreaterThanOrEqual(
      Date.parse(first?.finished_at ?? ''),
    );
    expect(await names()).toHaveLength(4);
  });
});

describe('a restore of one object out of a bucket', () => {
  it('asks four times: for summary, directory, chunk and object, and for no byte beside', async () => {
    const { id, archive } = await backUp();
    const summaryBytes = (await readObject(store, bucket, keyOf(id, '.json'))).length;
    const { chunkBytes, runBytes } = await placeOf(id, 'page-120');
    proxy.requests.length = 0;
    const target = freshBucketName();
    const args = ['restore', `${destination}/${id}`, '--bucket', source, '--key', 'page-120'];
    const restored = await run([...args, '--as', `${source}=${target}`], {
      env: { ...env, MINIO_REGION: 'us-east-1' },
    });
    expect(restored.exitCode).toBe(0);
    const page = await readObject(store, target, 'page-120');
    expect(page.equals(noise(20_000, 'page-120'))).toBe(true);
    await removeBucket(store, target);
    const asked = proxy.requests.map(({ method, path, receivedBytes }) => ({
      what: `${method} ${path.slice(path.indexOf(id) + id.length)}`,
      bytes: receivedBytes(),
    }));
    expect(asked).toEqual([
      { what: 'GET .json', bytes: summaryBytes },
      { what: 'GET .tar.gz', bytes: archive.directory.length },
      { what: 'GET .tar.gz', bytes: chunkBytes },
      { what: 'GET .tar.gz', bytes: runBytes },
    ]);
  });
});

/** Bytes of the chunk that names the object, and of the run of members that holds it. */
async function placeOf(id: string, key: string): Promise<{ chunkBytes: number; runBytes: number }> {
  const access = {
    openBackupStore: () => Promise.resolve(store),
    signal: AbortSignal.timeout(60_000),
  };
  const located = await locateBackup(`${destination}/${id}`, '', access);
  const { directory, archives } = await openBackup(located);
  await archives.close();
  const [chunk] = directory.chunks;
  expect(directory.chunks).toHaveLength(1);
  for await (const line of listContents(located, { buckets: [], keys: [], prefixes: [] })) {
    if (line.key === key) return { chunkBytes: chunk?.length ?? 0, runBytes: line.length };
  }
  throw new Error(`${key} is not in the backup`);
}

describe('a bucket that cannot be used', () => {
  const failing = async (settings: Record<string, string>, location = destination) => {
    const args = ['backup', 'full', location, '--bucket', source];
    const { exitCode, answer } = await runJson<{ error: { code: string; hint: string } }>(args, {
      env: { ...env, ...settings },
    });
    return { exitCode, ...answer.error };
  };

  it('because the secret is wrong is status 6, with the setting', async () => {
    const denied = await failing({ BACKUP_S3_SECRET_KEY: 'not-the-secret' });
    expect(denied).toMatchObject({ exitCode: 6, code: 'access_denied' });
    expect(denied.hint).toContain('BACKUP_S3_SECRET_KEY');
    expect(denied.hint).not.toContain('MINIO_');
  });

  it.each([
    ['list', ({ method, path }: Asked) => method === 'GET' && path.includes('list-type=2')],
    ['write', ({ method }: Asked) => method === 'PUT' || method === 'POST'],
  ])('because its policy does not let us %s is status 6, and leaves nothing', async (_, denies) => {
    proxy.setPlan((request) =>
      denies(request) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    );
    const denied = await failing({});
    expect(denied).toMatchObject({ exitCode: 6, code: 'access_denied' });
    expect(denied.hint).toContain(bucket);
    expect(await names()).toEqual([]);
  });

  it('because it is not there is status 4, whatever is asked of it', async () => {
    const missing = `s3://${freshBucketName()}/x`;
    expect(await failing({}, missing)).toMatchObject({ exitCode: 4, code: 'not_found' });
    for (const command of ['list', 'status', 'prune']) {
      const { exitCode, stderr } = await run(['backup', command, missing], { env });
      expect({ command, exitCode }).toEqual({ command, exitCode: 4 });
      expect(stderr).toContain('does not exist');
    }
  });

  it('because nobody answers is status 6 after three attempts', async () => {
    proxy.setPlan(() => ({ kind: 'refuse' }));
    expect(await failing({})).toMatchObject({ exitCode: 6, code: 'unreachable' });
    expect(proxy.requests.length).toBeLessThanOrEqual(3);
  });
});

interface Asked {
  method: string;
  path: string;
}
