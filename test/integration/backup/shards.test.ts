import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CapturedShare } from '../../../src/backup/shards/capture-own-shards.js';
import type { VerifyResult } from '../../../src/backup/verify/result.js';
import type { Summary } from '../../../src/repository/summary.js';
import { contents, temporaryFolder } from '../../helpers/backups.js';
import { run, runJson, storeSettings } from '../../helpers/cli.js';
import { startFaultyProxy } from '../../helpers/faulty-proxy.js';
import { noise, seed } from '../../helpers/seed.js';
import { contentOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** Runs whose objects are captured in shares, apart from each other, and then bound by a head. */

/** As many as are cut into several ranges. */
const FEW = 150;

const store = testStore();
const { folder, remove } = temporaryFolder();
let bucket: string;
let other: string;
let buckets: string[];

afterAll(() => {
  store.close();
  remove();
});

/** Two buckets for the tests of a group, the first with so many objects. */
function useBuckets(objects: number): void {
  beforeAll(async () => {
    bucket = await freshBucket(store);
    other = await freshBucket(store);
    buckets = ['--bucket', bucket, '--bucket', other];
    const keys = Array.from({ length: objects }, (_, i) => `${String(i % 9)}/k${i} é`);
    await seed(
      store,
      bucket,
      keys.map((key, i) => ({ key, content: noise(100 + (i % 50), key) })),
    );
    await seed(store, other, [
      { key: 'large', content: noise(9_000_000, 'large') },
      { key: 'empty', content: Buffer.alloc(0) },
    ]);
  });
  afterAll(async () => {
    await removeBucket(store, bucket);
    await removeBucket(store, other);
  });
}

async function destination(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}

async function share(place: string, name: string, which: string, type = 'full') {
  const args = ['backup', type, place, ...buckets, '--run', name, '--shard', which];
  return await runJson<CapturedShare>(args);
}

async function head(place: string, name: string, type = 'full', env = {}) {
  const args = ['backup', type, place, ...buckets, '--no-prune', '--run', name, '--head'];
  return await runJson<Summary>(args, { env });
}

/** The objects of a backup, without their places. */
async function objectsOf(place: string, id: string): Promise<string[]> {
  const lines = [...(await contents(place, id)).values()];
  return lines.map((line) =>
    JSON.stringify({ ...line, path: '', archive: '', offset: 0, length: 0, inner: 0 }),
  );
}

async function isWhole(backup: string, env = {}): Promise<void> {
  const { answer } = await runJson<VerifyResult>(['backup', 'verify', backup], { env });
  expect(answer).toMatchObject({ status: 'ok', problems: [] });
  const counts = { objects: 0, bytes: 0 };
  for (const which of ['1/3', '2/3', '3/3']) {
    const args = ['backup', 'verify', backup, '--shard', which];
    const one = await runJson<VerifyResult>(args, { env });
    expect(one).toMatchObject({ exitCode: 0, answer: { status: 'ok', problems: [], shares: 3 } });
    counts.objects += one.answer.objects;
    counts.bytes += one.answer.bytes;
  }
  expect(counts).toEqual({ objects: answer.objects, bytes: answer.bytes });
}

describe('a backup of shares', () => {
  // Two pages of a listing.
  useBuckets(1100);
  let place: string;
  let full: Summary;

  it('holds what a backup of one process holds', async () => {
    place = await destination('shares');
    const whole = await destination('whole');
    const shares = [];
    for (const which of ['1/3', '2/3', '3/3'])
      shares.push((await share(place, 'nightly', which)).answer);
    expect(new Set(shares.map((one) => one.run)).size).toBe(1);
    expect(shares.flatMap(({ parts }) => parts).length).toBeGreaterThanOrEqual(3);
    expect(shares.at(-1)?.missing).toBe(0);
    const made = await head(place, 'nightly');
    expect(made.exitCode).toBe(0);
    full = made.answer;
    expect(full).toMatchObject({ format: 3, status: 'complete', id: shares[0]?.run });
    expect(full.run).toBe('nightly');
    expect(full.objects).toMatchObject({ total: 1102, captured: 1102 });
    expect(readdirSync(place).filter((name) => /plan|partial/.test(name))).toEqual([]);
    const single = await runJson<Summary>(['backup', 'full', whole, ...buckets]);
    expect(await objectsOf(place, full.id)).toEqual(await objectsOf(whole, single.answer.id));
    expect(full.bytes).toBe(single.answer.bytes);
    await isWhole(`${place}/${full.id}`);
  });

  it('is the parent of an incremental in one process, and of one in shares', async () => {
    await store.deleteObject(bucket, '0/k0 é');
    await store.putObject(bucket, '4/k4 é', contentOf('changed'));
    await store.putObject(bucket, 'new', contentOf('new'));
    const one = await runJson<Summary>(['backup', 'incremental', place, ...buckets, '--no-prune']);
    expect(one.answer).toMatchObject({ type: 'incremental', parent: full.id });
    expect(one.answer.objects).toMatchObject({ captured: 2, unchanged: 1100, deleted: 1 });
    expect(one.answer.parts?.map(({ id }) => id).sort()).toEqual(full.references);
    await isWhole(`${place}/${one.answer.id}`);
    await store.putObject(other, 'added', contentOf('added'));
    for (const which of ['1/2', '2/2']) await share(place, 'second', which, 'incremental');
    const two = await head(place, 'second', 'incremental');
    expect(two.answer.objects).toMatchObject({ captured: 1, unchanged: 1102, deleted: 0 });
    expect(two.answer.parent).toBe(one.answer.id);
    await isWhole(`${place}/${two.answer.id}`);
    const refused = await runJson<Summary>(['backup', 'full', place, ...buckets, '--json']);
    expect(refused.exitCode).toBe(0);
  });

  it('is suspect if too much of a bucket is gone, however it is cut', async () => {
    const keys = Array.from({ length: 900 }, (_, i) => `${String(i % 9)}/k${i} é`);
    const there = keys.filter((key) => key !== '0/k0 é' && key !== '4/k4 é');
    for (const key of there) await store.deleteObject(bucket, key);
    for (const which of ['1/3', '2/3', '3/3']) await share(place, 'third', which, 'incremental');
    const { exitCode, stderr } = await run([
      ...['backup', 'incremental', place, ...buckets, '--no-prune', '--run', 'third', '--head'],
    ]);
    expect(exitCode).toBe(8);
    expect(stderr).toMatch(/898 of 1,100 objects of .* gone/);
  });
});

describe('a share', () => {
  useBuckets(FEW);
  it('is partial where it lacks an object, and says so of a run that has its backup', async () => {
    const place = await destination('partial');
    const { MINIO_ENDPOINT: endpoint = '' } = storeSettings();
    const proxy = await startFaultyProxy(endpoint, ({ method, path }) =>
      method === 'GET' && path.includes('/large')
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const args = ['backup', 'full', place, ...buckets, '--run', 'partial', '--shard', '1/1'];
    const env = { MINIO_ENDPOINT: proxy.endpoint, BACKUP_SOURCE_NAME: 'store' };
    const { exitCode, answer } = await runJson<CapturedShare>(args, { env });
    await proxy.close();
    expect(exitCode).toBe(3);
    expect(answer).toMatchObject({ failures: 1, missing: 0, missing_own: 0 });
    const made = await head(place, 'partial', 'full', { BACKUP_SOURCE_NAME: 'store' });
    expect(made.answer).toMatchObject({ status: 'partial', run: 'partial' });
    const late = await share(place, 'partial', '1/1');
    expect(late.exitCode).toBe(0);
    expect(late.stderr).toContain(
      `the run partial already has its backup (${made.answer.id}): this share begins a new run`,
    );
  });
});

describe('a head', () => {
  useBuckets(FEW);
  it('captures what no share has captured, and takes no damaged part', async () => {
    const place = await destination('gaps');
    const first = await share(place, 'gaps', '2/3');
    expect(first.answer.missing).toBeGreaterThan(0);
    const [part = ''] = first.answer.parts;
    const file = join(place, `${part}.tar.gz`);
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, -1));
    const made = await head(place, 'gaps');
    expect(made.stderr).toContain(`${part} is not used: `);
    expect(made.answer.references).not.toContain(part);
    expect(made.answer.objects.captured).toBe(made.answer.objects.total);
    expect(readdirSync(place).some((name) => name.startsWith(part))).toBe(false);
    await isWhole(`${place}/${made.answer.id}`);
  });

  it('takes no part of another plan or place', async () => {
    const place = await destination('strange');
    const { answer } = await share(place, 'strange', '1/2');
    const [part = ''] = answer.parts;
    const strange = part.replace(/[0-9a-f]{8}$/, '00000000');
    for (const ending of ['.tar.gz', '.json']) {
      renameSync(join(place, part + ending), join(place, strange + ending));
    }
    const made = await head(place, 'strange');
    expect(made.stderr).toContain(`${strange} is not used: its manifest is that of ${part}`);
    await isWhole(`${place}/${made.answer.id}`);
  });

  it('needs a run that was begun, and one of the same buckets', async () => {
    const place = await destination('none');
    const args = ['backup', 'full', place, '--run', 'none', '--head'];
    const none = await run(args);
    expect(none.exitCode).toBe(4);
    expect(none.stderr).toContain('no unfinished run none');
    await share(place, 'none', '1/2');
    const others = await run(args);
    expect(others.exitCode).toBe(8);
    expect(others.stderr).toContain('other buckets');
    for (const which of [['--head'], ['--shard', '2/2']]) {
      const acls = await run([
        ...args.slice(0, 3),
        ...buckets,
        '--run',
        'none',
        '--acls',
        ...which,
      ]);
      expect(acls.exitCode).toBe(8);
      expect(acls.stderr).toContain('the run none was planned without --acls');
    }
  });
});

describe('what a run leaves', () => {
  useBuckets(FEW);
  it('stays while its head may come', async () => {
    const place = await destination('stays');
    const { answer } = await share(place, 'stays', '1/2');
    const made = await runJson<Summary>(['backup', 'full', place, ...buckets, '--keep-days', '1']);
    expect(made.stderr).toContain('the run stays has no head yet: its parts stay');
    expect(made.answer.objects.salvaged).toBe(0);
    const names = readdirSync(place);
    for (const part of answer.parts) expect(names).toContain(`${part}.tar.gz`);
    await run(['backup', 'prune', place, '--keep-last', '1', '--yes']);
    expect(readdirSync(place)).toContain(`${answer.run}.plan.json`);
    const late = await head(place, 'stays');
    expect(late.answer.id).toBe(answer.run);
    await isWhole(`${place}/${late.answer.id}`);
  });

  it('is taken over by the next backup where its plan is lost', async () => {
    const place = await destination('lost');
    const shares = [await share(place, 'lost', '1/2'), await share(place, 'lost', '2/2')];
    const captured = shares.reduce((sum, { answer }) => sum + answer.objects, 0);
    rmSync(join(place, `${shares[0]?.answer.run ?? ''}.plan.json`));
    const made = await runJson<Summary>(['backup', 'full', place, ...buckets]);
    expect(made.answer.objects).toMatchObject({ captured, salvaged: captured });
    expect(readdirSync(place).sort()).toEqual([
      `${made.answer.id}.json`,
      `${made.answer.id}.tar.gz`,
    ]);
  });
});

describe('an encrypted run', () => {
  useBuckets(FEW);
  it('names no key in any file', async () => {
    const place = await destination('encrypted');
    vi.stubEnv('XDG_STATE_HOME', join(folder, 'state'));
    const key = join(folder, 'age.key');
    await run(['key', 'new', key]);
    const recipient = /age1\w+/.exec(readFileSync(key, 'utf8'))?.[0] ?? '';
    const env = { BACKUP_AGE_RECIPIENTS: recipient };
    const args = ['backup', 'full', place, ...buckets, '--run', 'e'];
    const without = await run([...args, '--shard', '1/3'], { env });
    expect(without.exitCode).not.toBe(0);
    expect(without.stderr).toContain('mangamotion key new --host');
    await run(['key', 'new', '--host'], { env });
    for (const which of ['1/3', '2/3']) await run([...args, '--shard', which], { env });
    for (const name of readdirSync(place)) {
      if (name.endsWith('.json')) expect(readFileSync(join(place, name), 'utf8')).not.toMatch(/ é/);
    }
    const plain = await run(args.concat('--head', '--no-encryption'), { env });
    expect(plain.exitCode).not.toBe(0);
    const made = await runJson<Summary>([...args, '--head', '--no-prune'], { env });
    expect(made.answer.status).toBe('complete');
    await isWhole(`${place}/${made.answer.id}`, { ...env, BACKUP_AGE_IDENTITY_FILE: key });
    vi.unstubAllEnvs();
  });
});

describe('a destination in a bucket', () => {
  useBuckets(FEW);
  it('holds the parts of a run', async () => {
    const target = await freshBucket(store);
    const { MINIO_ENDPOINT: endpoint = '' } = storeSettings();
    const env = {
      ...{ BACKUP_S3_ENDPOINT: endpoint, BACKUP_S3_ACCESS_KEY: 'minioadmin' },
      ...{ BACKUP_S3_SECRET_KEY: 'minioadmin' },
    };
    const place = `s3://${target}/deep`;
    const args = ['backup', 'full', place, ...buckets, '--run', 'far'];
    for (const which of ['1/2', '2/2']) await run([...args, '--shard', which], { env });
    const made = await runJson<Summary>([...args, '--head', '--no-prune'], { env });
    expect(made.answer).toMatchObject({ status: 'complete', format: 3 });
    await isWhole(`${place}/${made.answer.id}`, env);
    const next = ['backup', 'incremental', place, ...buckets, '--no-prune', '--run', 'next'];
    await run([...next, '--shard', '1/1'], { env });
    const after = await runJson<Summary>([...next, '--head'], { env });
    expect(after.answer.objects).toMatchObject({
      captured: 0,
      unchanged: made.answer.objects.total,
    });
    await removeBucket(store, target);
  });
});

describe('options of shards that make no sense', () => {
  it.each([
    [['--shard', '1/2'], '--shard needs --run'],
    [['--head'], '--head needs --run'],
    [['--run', 'x'], '--run needs --shard'],
    [['--run', 'x', '--shard', '1/2', '--head'], 'cannot be combined'],
    [['--run', 'x', '--shard', '0/2'], 'must be like 3/16'],
    [['--run', 'x', '--shard', '3/2'], 'must be like 3/16'],
    [['--run', 'a b', '--shard', '1/2'], 'must have 1 to 200'],
    [['--shards', '4'], '--shards needs --engine'],
    [['--engine', 'bullmq', '--queue', 'a\nb'], String.raw`not 'a\u000ab'`],
  ])('%j', async (options, message) => {
    const { exitCode, stderr } = await run(['backup', 'full', folder, ...options]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});
