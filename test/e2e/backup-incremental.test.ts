import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { openDestination } from '../../src/repository/locate.js';
import type { Summary } from '../../src/repository/summary.js';
import {
  backUp,
  backUpChanges,
  contents,
  restoreInto,
  temporaryFolder,
  verify,
} from '../helpers/backups.js';
import { run, runJson } from '../helpers/cli.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  inParallel,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

const store = testStore();
let bucket: string;
let folder: string;

const incremental = (...more: string[]) =>
  runJson<Summary & { error: { message: string; hint: string } }>([
    'backup',
    'incremental',
    folder,
    '--bucket',
    bucket,
    ...more,
  ]);
const put = (key: string, content: string) => store.putObject(bucket, key, contentOf(content));

beforeEach(async () => {
  const temporary = temporaryFolder();
  folder = temporary.folder;
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    { key: 'a.txt', content: Buffer.from('one') },
    { key: 'b.txt', content: Buffer.from('two') },
    { key: 'large.bin', content: noise(3_000_000, 'large') },
    {
      key: 'z.txt',
      content: Buffer.from('last'),
      attributes: { tags: [{ key: 'k', value: 'v' }] },
    },
  ]);
  return async () => {
    temporary.remove();
    await removeBucket(store, bucket);
  };
});
afterAll(() => store.close());

async function expectToRestore(id: string): Promise<void> {
  const target = freshBucketName();
  const report = await restoreInto(store, folder, id, { from: bucket, to: target });
  expect(report.failures).toEqual([]);
  expect(await snapshot(store, target)).toEqual(await snapshot(store, bucket));
  await removeBucket(store, target);
}

describe('an incremental backup', () => {
  it('takes what is new or changed and refers to the parent for the rest', async () => {
    const full = await backUp(store, folder, [bucket]);
    await put('b.txt', 'TWO');
    await put('c.txt', 'new');
    await store.deleteObject(bucket, 'a.txt');

    const { answer: json, exitCode } = await incremental();
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      type: 'incremental',
      status: 'complete',
      parent: full.id,
      references: [full.id],
      objects: { total: 4, captured: 2, unchanged: 2, deleted: 1, vanished: 0, failed: 0 },
      bytes: full.bytes,
      suspicious: [],
    });
    expect(json.archive_bytes).toBeLessThan(20_000);
    const lines = await contents(folder, json.id);
    expect([...lines.keys()]).toEqual(['b.txt', 'c.txt', 'large.bin', 'z.txt']);
    expect(lines.get('large.bin')?.archive).toBe(full.id);
    expect(lines.get('b.txt')?.archive).toBe(json.id);
    expect(await verify(folder, json.id)).toMatchObject({ status: 'ok', objects: 4, problems: [] });
    await expectToRestore(json.id);
  });

  it('of nothing that changed names the chunks of its parent', async () => {
    const full = await backUp(store, folder, [bucket]);
    const { answer: json } = await incremental();
    expect(json.objects).toMatchObject({ captured: 0, unchanged: 4, unverified: 4, deleted: 0 });
    expect(json.archive_bytes).toBeLessThan(4000);
    expect((await contents(folder, json.id)).size).toBe(4);
    // The next one refers to the chunk's own archive, not through the one between.
    const { answer: next } = await incremental();
    expect(next).toMatchObject({ parent: json.id, references: [full.id] });
  });

  it('can be one of a chain, of which each restores by itself', async () => {
    const chain = [await backUp(store, folder, [bucket])];
    for (let link = 1; link <= 5; link++) {
      await put(`added-${link}`, `object ${link}`);
      await put('b.txt', `changed ${link}`);
      chain.push((await incremental()).answer);
    }
    expect(chain.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    const last = chain.at(-1)!;
    expect(last.references).toEqual(
      chain
        .slice(0, 5)
        .map(({ id }) => id)
        .sort(),
    );
    await expectToRestore(last.id);
    for (const { id } of chain) expect((await verify(folder, id)).problems).toEqual([]);
    // The links between are not needed to read the index: only where bytes lie.
    expect((await contents(folder, chain[2]!.id)).size).toBe(6);
  });

  it('becomes a full one, and says so, where there is nothing to compare with', async () => {
    const warnings: string[] = [];
    const first = await backUpChanges(store, folder, [bucket], {
      warn: (line) => warnings.push(line),
    });
    expect(first).toMatchObject({ type: 'full', parent: null, references: [] });
    expect(warnings.join()).toMatch(/making a full backup/);
    // A backup of other buckets is none to compare with.
    const others = await run(['backup', 'incremental', folder, '--exclude-bucket', bucket]);
    expect(others.stderr).toMatch(/making a full backup/);
  });

  it('passes over a parent of which an archive is missing', async () => {
    const full = await backUp(store, folder, [bucket]);
    await put('c.txt', 'new');
    const { answer: broken } = await incremental();
    await rm(join(folder, `${broken.id}.tar.gz`));
    expect((await incremental()).answer).toMatchObject({ type: 'incremental', parent: full.id });
  });

  it('compares with the parent that is named, and refuses one that cannot be it', async () => {
    const full = await backUp(store, folder, [bucket]);
    await put('c.txt', 'new');
    await incremental();
    const { answer: json } = await incremental('--parent', join(folder, `${full.id}.tar.gz`));
    expect(json).toMatchObject({ parent: full.id, objects: { captured: 1, unchanged: 4 } });

    const unknown = await incremental('--parent', 'minio_backup_full_20200101_000000');
    expect(unknown.exitCode).toBe(4);
    await rename(join(folder, `${full.id}.tar.gz`), join(folder, 'elsewhere'));
    const missing = await incremental('--parent', full.id);
    expect(missing.exitCode).toBe(8);
    expect(missing.answer.error.message).toMatch(/is missing/);
  });

  it('looks again at an object that was only touched, and at all with --refresh-metadata', async () => {
    await backUp(store, folder, [bucket]);
    // RGW and MinIO give whole seconds: the next write is later in the listing too.
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await store.putObject(bucket, 'a.txt', contentOf('one'), {
      attributes: { metadata: { author: 'Ōtomo' } },
    });
    const { answer: json } = await incremental();
    expect(json.objects).toMatchObject({ captured: 0, unchanged: 4, unverified: 3 });
    expect((await contents(folder, json.id)).get('a.txt')?.metadata).toEqual({ author: 'Ōtomo' });

    const { answer: refreshed } = await incremental('--refresh-metadata');
    expect(refreshed.objects).toMatchObject({ captured: 0, unchanged: 4, unverified: 0 });
    await expectToRestore(refreshed.id);
  });
});

describe('the deletion guard', () => {
  it('keeps what it found as suspect, with status 8, until the deletions are accepted', async () => {
    const many = Array.from({ length: 100 }, (_, i) => `page-${i}`);
    await seed(
      store,
      bucket,
      many.map((key) => ({ key, content: Buffer.from(key) })),
    );
    const full = await backUp(store, folder, [bucket]);
    await inParallel(8, many.slice(0, 40), (key) => store.deleteObject(bucket, key));

    const suspect = await incremental();
    expect(suspect.exitCode).toBe(8);
    expect(suspect.answer.error.message).toMatch(/40 of 104 objects/);
    expect(suspect.answer.error.hint).toMatch(/--accept-deletions/);
    const backups = await (await openDestination(folder)).list();
    expect(backups.at(-1)?.summary).toMatchObject({
      kind: 'valid',
      summary: { status: 'suspect', suspicious: [{ bucket, before: 104, deleted: 40 }] },
    });
    // It is no parent, so the next one is as suspicious; what was accepted is not any more.
    expect((await incremental()).exitCode).toBe(8);
    const accepted = await incremental('--accept-deletions');
    expect(accepted.exitCode).toBe(0);
    expect(accepted.answer).toMatchObject({ parent: full.id, status: 'complete', suspicious: [] });
    expect((await incremental()).exitCode).toBe(0);
  });

  it('trips when a small bucket is emptied', async () => {
    await backUp(store, folder, [bucket]);
    const keys = ['a.txt', 'b.txt', 'large.bin', 'z.txt'];
    await inParallel(4, keys, (key) => store.deleteObject(bucket, key));
    expect((await incremental()).exitCode).toBe(8);
  });
});

describe('verify --sample', () => {
  interface Verified {
    status: string;
    objects: number;
    problems: { kind: string; key?: string }[];
  }
  const sampled = (id: string, share: string) =>
    runJson<Verified>(['backup', 'verify', join(folder, id), '--sample', share]);

  it('reads a part, of a chain too, and finds what is wrong in it', async () => {
    const full = await backUp(store, folder, [bucket]);
    await put('c.txt', 'new');
    const { answer: json } = await incremental();
    const all = await sampled(json.id, '100%');
    expect(all).toMatchObject({ exitCode: 0, answer: { status: 'ok', objects: 5, problems: [] } });
    expect((await sampled(json.id, '0.001%')).answer).toMatchObject({ status: 'ok', objects: 0 });

    const archive = join(folder, `${full.id}.tar.gz`);
    const bytes = await readFile(archive);
    const { offset = 0, length = 0 } = (await contents(folder, full.id)).get('large.bin') ?? {};
    const at = offset + Math.floor(length / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(archive, bytes);
    const damaged = await sampled(json.id, '100%');
    expect(damaged.exitCode).toBe(5);
    expect(damaged.answer.problems).toMatchObject([{ kind: 'object', key: 'large.bin' }]);
  });

  it.each(['0%', '101%', '2', 'x', '-5%'])('refuses a share of %s', async (share) => {
    expect((await run(['backup', 'verify', folder, `--sample=${share}`])).exitCode).toBe(2);
  });
});

describe('a chain that is broken', () => {
  it('is told by verify, and by the plan of a restore, and the rest still restores', async () => {
    const full = await backUp(store, folder, [bucket]);
    await put('c.txt', 'new');
    await put('a.txt', 'ONE');
    const { answer: json } = await incremental();
    await rm(join(folder, `${full.id}.tar.gz`));

    for (const quick of [[], ['--quick']]) {
      const verified = await runJson<{ status: string; problems: { kind: string }[] }>([
        ...['backup', 'verify', join(folder, json.id)],
        ...quick,
      ]);
      expect(verified.exitCode).toBe(5);
      expect(verified.answer.status).toBe('incomplete');
      expect(verified.answer.problems.map(({ kind }) => kind)).toEqual(['archive_missing']);
    }

    const target = freshBucketName();
    const restoring = ['restore', join(folder, json.id), '--as', `${bucket}=${target}`];
    const plan = await runJson<{ archives: object[]; problems: string[] }>([
      ...restoring,
      '--dry-run',
    ]);
    expect(plan.answer.archives).toContainEqual({ id: full.id, present: false, bytes: null });
    expect(plan.answer.problems).toHaveLength(1);
    const restored = await runJson<{ failures: { key: string }[] }>(restoring);
    expect(restored.exitCode).toBe(3);
    expect(restored.answer.failures.map(({ key }) => key).sort()).toEqual([
      'b.txt',
      'large.bin',
      'z.txt',
    ]);
    expect([...(await snapshot(store, target)).keys()]).toEqual(['a.txt', 'c.txt']);
    await removeBucket(store, target);
  });
});
