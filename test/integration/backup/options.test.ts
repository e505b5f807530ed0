import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/object-store/port.js';
import type { Summary } from '../../../src/repository/summary.js';
import { contents, filesIn, temporaryFolder } from '../../helpers/backups.js';
import { storeSettings } from '../../helpers/cli.js';
import { runAt } from '../../helpers/in-process.js';
import { refusal } from '../../helpers/odd-messages.js';
import { startOddProxy } from '../../helpers/odd-proxy.js';
import { seed } from '../../helpers/seed.js';
import { freshBucket, inParallel, removeBucket, testStore } from '../../helpers/test-store.js';

/** The options of `backup full` and `backup incremental`, from the command line to the summary. */

const store: ObjectStore = testStore();
const KEYS = Array.from({ length: 100 }, (_, i) => `page-${String(i).padStart(3, '0')}`);
let bucket: string;
let folder: string;
let remove: () => void;
let minute: number;
/** In minutes. */
const DAY = 24 * 60;

beforeEach(async () => {
  ({ folder, remove } = temporaryFolder());
  minute = 0;
  bucket = await freshBucket(store);
  await put(KEYS);
});

afterEach(async () => {
  await removeBucket(store, bucket);
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

async function lose(count: number): Promise<void> {
  await inParallel(16, KEYS.slice(0, count), (key) => store.deleteObject(bucket, key));
}

/** A command a minute after the last one, as JSON. */
async function mangamotion(args: readonly string[], env: Record<string, string> = {}) {
  minute += 1;
  const now = new Date(Date.UTC(2024, 0, 15, 2, minute)).toISOString();
  const settings = { env: storeSettings({ env }) };
  const { status, stdout, stderr } = await runAt(now, [...args, '--json'], settings);
  return { status, answer: JSON.parse(stdout) as Answer, stderr };
}

type Answer = Summary & { error: { code: string; message: string; hint: string } };

const backup = (type: Type, args: readonly string[] = [], env: Record<string, string> = {}) =>
  mangamotion(['backup', type, folder, '--bucket', bucket, ...args], env);

type Type = 'full' | 'incremental';
const TYPES: Type[] = ['full', 'incremental'];

describe.each(TYPES)('backup %s', (type) => {
  it('is suspect where objects vanished, and complete with --accept-deletions', async () => {
    await backup('full');
    await lose(26);
    expect(await backup(type)).toMatchObject({ status: 8, answer: { error: { code: 'refused' } } });
    expect(await backup(type, ['--accept-changes'])).toMatchObject({ status: 8 });
    const accepting = await backup(type, ['--accept-deletions']);
    expect(accepting).toMatchObject({
      status: 0,
      answer: { type, status: 'complete', guard: { accepted: true }, objects: { deleted: 26 } },
    });
  });

  it('is suspect where contents were wiped, and complete with --accept-changes', async () => {
    const { answer: good } = await backup('full');
    await put(KEYS.slice(0, 26), '');
    const { status, answer } = await backup(type);
    expect(status).toBe(8);
    expect(answer.error.message).toContain(
      `compared with ${good.id}: 26 of 100 objects of ${bucket} wiped in place (now empty or identical)`,
    );
    expect(answer.error.hint).toContain('with --accept-changes.');
    expect(await backup(type, ['--accept-deletions'])).toMatchObject({ status: 8 });
    expect(await backup(type, ['--accept-changes'])).toMatchObject({
      status: 0,
      answer: { type, status: 'complete', guard: { accepted: true } },
    });
  });

  it('takes as many deletions as --expect-deletions or the settings say', async () => {
    await backup('full');
    await lose(60);
    const setting = { BACKUP_EXPECT_DELETIONS: `${bucket}=60` };
    expect(await backup(type, ['--expect-deletions', `${bucket}=59`])).toMatchObject({ status: 8 });
    expect(await backup(type, ['--expect-deletions', 'another'])).toMatchObject({ status: 8 });
    // The flag outweighs the setting.
    const stricter = ['--expect-deletions', `${bucket}=59`];
    expect(await backup(type, stricter, setting)).toMatchObject({ status: 8 });
    expect(await backup(type, [], setting)).toMatchObject({
      status: 0,
      answer: { type, status: 'complete', guard: { accepted: false } },
    });
    await lose(100);
    const both = ['--expect-deletions', 'another=5', '--expect-deletions', bucket];
    expect(await backup(type, both)).toMatchObject({ status: 0, answer: { status: 'complete' } });
    expect(await backup(type, ['--expect-deletions', `${bucket}=101`])).toMatchObject({
      status: 2,
      answer: { error: { code: 'usage' } },
    });
  });

  it('reads the ACLs with --acls alone', async () => {
    await backup('full', ['--source-name', 'prod']);
    const key = 'page-new';
    await put([key]);
    const aclOf = async (id: string) => (await contents(folder, id)).get(key)?.acl;
    const without = await backup(type, ['--source-name', 'prod']);
    expect(await aclOf(without.answer.id)).toBeUndefined();
    await put([key], 'changed');
    const withAcls = await backup(type, ['--source-name', 'prod', '--acls']);
    expect(withAcls).toMatchObject({ status: 0, answer: { type, status: 'complete' } });
    expect(await aclOf(withAcls.answer.id)).toContain('AccessControlPolicy');
  });

  it('belongs to the store of --source-name, or of the settings, at whatever address', async () => {
    const setting = { BACKUP_SOURCE_NAME: 'prod' };
    const { answer: good } = await backup('full', [], setting);
    expect(good.source).toMatchObject({ name: 'prod', buckets: [bucket] });
    const alias = { MINIO_ENDPOINT: store.endpoint.replace('127.0.0.1', 'localhost') };
    const named = await backup(type, ['--source-name', 'prod'], alias);
    expect(named).toMatchObject({
      status: 0,
      answer: { type, source: { name: 'prod' }, guard: { compared_with: good.id } },
    });
    const other = await backup(type, ['--source-name', 'test'], setting);
    expect(other.answer).toMatchObject({ source: { name: 'test' } });
    expect(other.answer.guard?.compared_with ?? null).toBeNull();
  });
});

describe('a full backup of a store that lost its objects', () => {
  it('says what vanished and the three ways out; once accepted, --latest means it', async () => {
    const { answer: good } = await backup('full');
    await lose(100);
    const { status, answer, stderr } = await backup('full');
    expect(status).toBe(8);
    const { message, hint } = answer.error;
    const id = /^minio_backup_full_\d{8}_\d{6}/.exec(message)?.[0] ?? 'none';
    expect(message).toBe(
      `${id} is kept as suspect; compared with ${good.id}: 100 of 100 objects of ${bucket} gone`,
    );
    expect(hint).toContain(`mangamotion backup accept ${join(folder, id)}`);
    expect(hint).toContain('with --accept-deletions.');
    expect(hint).toContain(`restore ${good.id} and back up again`);
    expect(stderr).not.toContain('bug');

    const latest = async () =>
      (await mangamotion(['backup', 'show', folder, '--latest'])).answer.id;
    expect(await latest()).toBe(good.id);
    const dry = await mangamotion(['backup', 'accept', join(folder, id), '--dry-run']);
    expect([dry.status, await latest()]).toEqual([0, good.id]);
    const accepted = await mangamotion(['backup', 'accept', join(folder, id)]);
    expect(accepted).toMatchObject({ status: 0, answer: { id, already_accepted: false } });
    expect(await latest()).toBe(id);
    expect(JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8'))).toMatchObject({
      status: 'suspect',
    });
  });

  it('makes room among the suspects, and leaves what is trusted', async () => {
    const { answer: good } = await backup('full');
    await lose(100);
    await backup('full');
    minute += 3 * DAY;
    const { status, answer, stderr } = await backup('full', ['--keep-days', '2']);
    expect([status, answer.error.hint]).toEqual([8, expect.stringContaining(good.id)]);
    expect(stderr).toMatch(/expired and removed: minio_backup_full_20240115_020200/);
    const left = (await filesIn(folder)).filter((name) => name.endsWith('.json'));
    expect(left).toEqual([`${good.id}.json`, 'minio_backup_full_20240118_020300.json']);
  });
});

describe('a store that does not tell which buckets it has', () => {
  it.each([
    [403, 'AccessDenied'],
    [404, 'NoSuchBucket'],
    [405, 'MethodNotAllowed'],
    [500, 'InternalError'],
    [501, 'NotImplemented'],
  ])('and answers %i %s backs up and restores a bucket that is named', async (status, code) => {
    const proxy = await startOddProxy();
    try {
      proxy.be({
        handle: (request, next) =>
          request.operation === 'ListBuckets' ? refusal(status, code) : next(request),
      });
      const there = { MINIO_ENDPOINT: proxy.endpoint };
      const full = await backup('full', [], there);
      expect(full).toMatchObject({ status: 0, answer: { objects: { captured: 100 } } });
      await put(['page-new']);
      const incremental = await backup('incremental', [], there);
      expect(incremental).toMatchObject({ status: 0, answer: { objects: { captured: 1 } } });
      await lose(3);
      const archive = join(folder, incremental.answer.id);
      const restored = await mangamotion(['restore', archive, '--bucket', bucket], there);
      expect(restored).toMatchObject({ status: 0, answer: { restored: { objects: 3 } } });

      const typo = await mangamotion(['backup', 'full', folder, '--bucket', 'no-such'], there);
      expect(typo).toMatchObject({ status: 4, answer: { error: { code: 'not_found' } } });
      expect(typo.answer.error.message).toBe('no such bucket: no-such');
    } finally {
      await proxy.close();
    }
  });
});
