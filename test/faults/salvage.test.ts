import { copyFile, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { backUp, filesIn, restoreInto, temporaryFolder, verify } from '../helpers/backups.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess } from '../helpers/cli.js';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

/** A run that dies, and the next, which takes up what it had. */

const MIB = 1024 * 1024;
const VIDEOS = 8;

const store = testStore();
let bucket: string;
let folder: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    ...Array.from({ length: VIDEOS }, (_, i) => ({
      key: `a/video-${i}`,
      content: noise(3 * MIB, `video ${i}`),
      attributes: { metadata: { number: String(i) }, tags: [{ key: 'n', value: String(i) }] },
    })),
    ...Array.from({ length: 50 }, (_, i) => ({
      key: `a/page-${i}`,
      content: noise(20_000, `${i}`),
    })),
    // A chunk of the index ends here, and only here: what follows is lost with the run.
    { key: endingKey(bucket, 'b/'), content: noise(100, 'end') },
    { key: 'c/video', content: noise(6 * MIB, 'the last') },
    { key: 'd/stalls', content: noise(9 * MIB, 'stalls') },
  ]);
});
beforeEach(() => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  return temporary.remove;
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

function endingKey(name: string, prefix: string): string {
  for (let n = 0; ; n++) if (crc32(`${name}\0${prefix}${n}`) % 8192 === 0) return `${prefix}${n}`;
}

const partials = async () => (await filesIn(folder)).filter((name) => name.endsWith('.partial'));

/** Kills a backup when all but the last object is in its archive. */
async function killedBackup(env: Record<string, string> = {}): Promise<void> {
  const proxy = await startFaultyProxy(store.endpoint, ({ method, path }) =>
    method === 'GET' && path.endsWith('/stalls') ? { kind: 'stall', afterBytes: 0 } : undefined,
  );
  const args = ['backup', 'full', folder, '--bucket', bucket];
  const program = runProcess(args, { endpoint: proxy.endpoint, env });
  await waitUntil('the backup', [], async () => {
    const partial = (await partials()).find((name) => !/\.(json|index\.age)\.partial$/.test(name));
    return partial !== undefined && (await bytesOf(join(folder, partial))) > (3 * VIDEOS + 6) * MIB;
  });
  program.kill('SIGKILL');
  await program;
  await proxy.close();
}

async function bytesOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  const names = await readdir(path, { recursive: true });
  const files = await Promise.all(names.map((name) => stat(join(path, name))));
  return files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

async function backUpAndCountReads(
  env: Record<string, string> = {},
): Promise<{ summary: Summary; gets: string[] }> {
  const proxy = await startFaultyProxy(store.endpoint, () => undefined);
  const args = ['backup', 'full', folder, '--bucket', bucket];
  const { answer, exitCode } = await runJson<Summary>(args, { endpoint: proxy.endpoint, env });
  expect(exitCode).toBe(0);
  const gets = proxy.requests
    .filter(({ method, path }) => method === 'GET' && path.startsWith(`/${bucket}/`))
    .map(({ path }) => path.slice(bucket.length + 2))
    .filter((path) => !path.includes('?') && path !== '');
  await proxy.close();
  return { summary: answer, gets };
}

async function expectWhole(id: string): Promise<void> {
  expect(await verify(folder, id)).toMatchObject({ status: 'ok', problems: [] });
  const target = freshBucketName();
  await restoreInto(store, folder, id, { from: bucket, to: target });
  expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
  await removeBucket(store, target);
}

describe('what a killed run had captured', () => {
  it('is opened with the key on this host where it is encrypted, and is useless to others', async () => {
    const key = join(folder, '..', `salvage-${process.pid}.agekey`);
    const { answer } = await runJson<{ recipient: string }>(['key', 'new', key]);
    const states = temporaryFolder();
    vi.stubEnv('XDG_STATE_HOME', states.folder);
    const env = { BACKUP_AGE_RECIPIENTS: answer.recipient, XDG_STATE_HOME: states.folder };
    try {
      await killedBackup(env);
      const partial = (await partials()).find((name) => name.includes('.tar.gz')) ?? '';
      expect(partial).toMatch(/\.tar\.gz\.age\.partial$/);
      const drafts = join(states.folder, 'mangamotion', 'draft-keys');
      expect(await readdir(drafts)).toHaveLength(1);
      // The key of the archive is not beside it.
      const [draft = ''] = await readdir(drafts);
      const fileKey = await readFile(join(drafts, draft), 'utf8');
      for (const name of await partials()) {
        const bytes = await readFile(join(folder, name));
        expect(bytes.includes(fileKey)).toBe(false);
        expect(bytes.includes(Buffer.from(fileKey, 'hex'))).toBe(false);
      }
      const { summary, gets } = await backUpAndCountReads(env);
      expect(summary.objects).toMatchObject({ total: 61, captured: 61, salvaged: 59, failed: 0 });
      expect(gets).toHaveLength(2);
      expect(await partials()).toEqual([]);
      expect(await readdir(drafts)).toEqual([]);
      const verified = await run(['backup', 'verify', join(folder, summary.id), '--identity', key]);
      expect(verified).toMatchObject({ exitCode: 0 });

      await killedBackup(env);
      await rm(drafts, { recursive: true });
      const again = await backUpAndCountReads(env);
      expect(again.summary.objects).toMatchObject({ captured: 61, salvaged: 0, failed: 0 });
      expect(await partials()).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
      await rm(key, { force: true });
      states.remove();
    }
  });

  it('is not read from the store again, and the left-over goes', async () => {
    await killedBackup();
    expect(
      (await runJson<{ backups: object[] }>(['backup', 'list', folder])).answer.backups,
    ).toEqual([]);
    const { summary, gets } = await backUpAndCountReads();
    expect(summary.objects).toMatchObject({ total: 61, captured: 61, salvaged: 59, failed: 0 });
    expect(gets.sort()).toEqual(['c/video', 'd/stalls']);
    expect(await filesIn(folder)).toHaveLength(2);
    await expectWhole(summary.id);
  });

  it('is not believed: of a damaged left-over each object is checked', async () => {
    await killedBackup();
    const [partial = ''] = await partials();
    const bytes = await readFile(join(folder, partial));
    // In the middle of a video, and of the member that the small ones share.
    for (const at of [2 * MIB, 25 * MIB]) bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(join(folder, partial), bytes);
    const { summary } = await backUpAndCountReads();
    expect(summary.objects.captured).toBe(61);
    expect(summary.objects.salvaged).toBeLessThan(59);
    expect(summary.objects.salvaged).toBeGreaterThan(0);
    await expectWhole(summary.id);
  });

  it('can be that of several runs, one of which ended in the middle of its commit', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    const other = 'minio_backup_full_20240115_020000';
    await copyFile(join(folder, `${id}.tar.gz`), join(folder, `${other}.tar.gz`));
    await writeFile(join(folder, `${other}.json.partial`), '{');
    await killedBackup();
    const { summary } = await backUpAndCountReads();
    expect(summary.objects.captured).toBe(61);
    expect((await filesIn(folder)).filter((name) => !name.startsWith(id))).toEqual([
      `${summary.id}.json`,
      `${summary.id}.tar.gz`,
    ]);
    await expectWhole(summary.id);
  });

  it('is taken from a plain folder as well', async () => {
    await killedBackup({ BACKUP_COMPRESSION: 'false' });
    const { summary, gets } = await backUpAndCountReads({ BACKUP_COMPRESSION: 'false' });
    expect(summary.objects).toMatchObject({ total: 61, captured: 61, salvaged: 59, failed: 0 });
    expect(gets.sort()).toEqual(['c/video', 'd/stalls']);
    expect(await filesIn(folder)).toEqual([summary.id, `${summary.id}.json`]);
    await expectWhole(summary.id);
  });
});

it('an archive whose summary is missing is left alone: somebody put it there', async () => {
  const { id } = await backUp(store, folder, [bucket]);
  await rm(join(folder, `${id}.json`));
  const { summary } = await backUpAndCountReads();
  expect(summary.objects.salvaged).toBe(0);
  expect(await filesIn(folder)).toContain(`${id}.tar.gz`);
});

it('an archive of the scripts before, which has no summary either, is left alone', async () => {
  const name = 'minio_backup_full_20240115_020000.tar.gz';
  await writeFile(join(folder, name), Buffer.from('1f8b0800000000000003', 'hex'));
  const { summary } = await backUpAndCountReads();
  expect(summary.objects.salvaged).toBe(0);
  expect(await filesIn(folder)).toContain(name);
});
