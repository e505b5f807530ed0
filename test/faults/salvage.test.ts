import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { backUp, filesIn, restoreInto, temporaryFolder, verify } from '../helpers/backups.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson } from '../helpers/cli.js';
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
async function killedBackup(): Promise<void> {
  const proxy = await startFaultyProxy(store.endpoint, ({ method, path }) =>
    method === 'GET' && path.endsWith('/stalls') ? { kind: 'stall', afterBytes: 0 } : undefined,
  );
  const args = ['backup', 'full', folder, '--bucket', bucket];
  const program = run(args, { endpoint: proxy.endpoint });
  await waitUntil('the backup', [], async () => {
    const [partial] = await partials();
    if (partial === undefined) return false;
    return (await stat(join(folder, partial))).size > (3 * VIDEOS + 6) * MIB;
  });
  program.kill('SIGKILL');
  await program;
  await proxy.close();
}

async function backUpAndCountReads(): Promise<{ summary: Summary; gets: string[] }> {
  const proxy = await startFaultyProxy(store.endpoint, () => undefined);
  const args = ['backup', 'full', folder, '--bucket', bucket];
  const { answer, exitCode } = await runJson<Summary>(args, { endpoint: proxy.endpoint });
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

  it('can be that of several runs, and of an archive that was whole but never committed', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    const other = 'minio_backup_full_20240115_020000.tar.gz';
    await copyFile(join(folder, `${id}.tar.gz`), join(folder, other));
    await killedBackup();
    const { summary } = await backUpAndCountReads();
    expect(summary.objects.captured).toBe(61);
    expect((await filesIn(folder)).filter((name) => !name.startsWith(id))).toHaveLength(2);
    await expectWhole(summary.id);
  });
});

it('an archive of the scripts before, which has no summary either, is left alone', async () => {
  const name = 'minio_backup_full_20240115_020000.tar.gz';
  await writeFile(join(folder, name), Buffer.from('1f8b0800000000000003', 'hex'));
  const { summary } = await backUpAndCountReads();
  expect(summary.objects.salvaged).toBe(0);
  expect(await filesIn(folder)).toContain(name);
});
