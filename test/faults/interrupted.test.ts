import { watch } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDestination } from '../../src/repository/locate.js';
import type { Summary } from '../../src/repository/summary.js';
import { backUp, filesIn, temporaryFolder, verify } from '../helpers/backups.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runJsonProcess, runProcess, type Outcome } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { rounds } from '../helpers/rounds.js';
import { noise, randomFrom, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

/** An end at any moment: what is visible as a backup is one, and what came before stays. */

const MIB = 1024 * 1024;
const SEED = process.env.TEST_SEED ?? new Date().toISOString();
const ROUNDS = rounds({ sample: 4, all: 9 });

const store = testStore();
let bucket: string;
let folder: string;

beforeAll(async () => {
  bucket = await freshBucket(store);
  const pages = Array.from({ length: 150 }, (_, i) => `page-${i + 100}`);
  await seed(store, bucket, [
    ...pages.map((key) => ({ key, content: noise(50_000, key) })),
    { key: 'video-1', content: noise(12 * MIB, 'video 1') },
    { key: 'video-2', content: noise(12 * MIB, 'video 2') },
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

const backingUp = (endpoint?: string) =>
  runProcess(['backup', 'full', folder, '--bucket', bucket], { endpoint });
const backUpInFull = () => run(['backup', 'full', folder, '--bucket', bucket]);

async function visibleIds(): Promise<string[]> {
  return (await (await openDestination(folder)).list()).map(({ id }) => id);
}

async function expectAllVisibleToBeWhole(): Promise<void> {
  for (const id of await visibleIds()) {
    expect(await verify(folder, id)).toMatchObject({ id, status: 'ok', problems: [] });
  }
}

/** Resolves when something happens to a file whose name ends so. */
async function happensTo(ending: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const watcher = watch(folder, { signal }, (_, name) => {
      if (name?.endsWith(ending) !== true) return;
      watcher.close();
      resolve();
    });
    watcher.on('error', () => resolve());
    watcher.on('close', () => resolve());
  });
}

describe(`kill -9 (TEST_SEED=${SEED})`, () => {
  const random = randomFrom(SEED);

  it('at any moment leaves no damaged backup, and later ones work', async () => {
    const { id: first } = await backUp(store, folder, [bucket]);
    const begun = Date.now();
    expect((await backingUp()).exitCode).toBe(0);
    const durationMs = Date.now() - begun;

    let killed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const program = backingUp();
      await Promise.race([program, sleep(random() * durationMs * 1.1)]);
      program.kill('SIGKILL');
      if ((await program).exitCode === undefined) killed++;
      expect(await visibleIds()).toContain(first);
    }
    expect(killed).toBeGreaterThan(0);
    await expectAllVisibleToBeWhole();
    expect((await backUpInFull()).exitCode).toBe(0);
    expect((await runJson(['backup', 'list', folder])).exitCode).toBe(0);
  });

  it.each(['.tar.gz.partial', '.tar.gz', '.json.partial', '.json'])(
    'when %s appears leaves no damaged backup',
    async (ending) => {
      await backUp(store, folder, [bucket]);
      const given = new AbortController();
      const appears = happensTo(ending, given.signal);
      const program = backingUp();
      await Promise.race([appears, program]);
      program.kill('SIGKILL');
      await program;
      given.abort();
      await expectAllVisibleToBeWhole();
      expect((await backUpInFull()).exitCode).toBe(0);
      await expectAllVisibleToBeWhole();
    },
  );

  it('in the middle of a restore leaves whole objects, and the next one completes it', async () => {
    const { id } = await backUp(store, folder, [bucket]);
    const original = await snapshot(store, bucket);
    const target = freshBucketName();
    const args = ['restore', join(folder, id), '--as', `${bucket}=${target}`];
    for (let round = 0; round < 2; round++) {
      const program = runProcess(args);
      await Promise.race([program, untilItHasObjects(target)]);
      await sleep(random() * 300);
      program.kill('SIGKILL');
      await program;
      const objects = await snapshot(store, target);
      for (const [key, object] of objects) expect(object.sha256).toBe(original.get(key)?.sha256);
    }
    expect((await run(args)).exitCode).toBe(0);
    expect(await snapshot(store, target)).toEqual(original);
    await removeBucket(store, target);
  });
});

async function untilItHasObjects(target: string): Promise<void> {
  await waitUntil('the restore', [], async () => {
    if (!(await store.bucketExists(target))) return false;
    return (await store.listPage(target, { maxKeys: 1 })).objects.length > 0;
  });
}

describe('a signal', () => {
  const SIGNALS = [
    ['SIGINT', 130, 'interrupted'],
    ['SIGTERM', 143, 'terminated'],
  ] as const;
  let proxy: FaultyProxy;
  beforeEach(async () => {
    // The store goes silent in the middle of an object: the command waits until it is told to end.
    proxy = await startFaultyProxy(store.endpoint, ({ method, path }) => {
      if (!path.endsWith('/video-2')) return undefined;
      if (method === 'PUT') return { kind: 'ignore' };
      return method === 'GET' ? { kind: 'stall', afterBytes: 3 * MIB } : undefined;
    });
    return () => proxy.close();
  });

  it.each(SIGNALS)('%s ends a backup with status %i, and the next goes on', async (...expected) => {
    const [name] = expected;
    const { id } = await backUp(store, folder, [bucket]);
    const before = await filesIn(folder);
    const program = backingUp(proxy.endpoint);
    // Large objects are read one at a time: all before this one are in the archive.
    await waitUntil('the backup', [], () =>
      Promise.resolve(
        proxy.requests.some(({ method, path }) => method === 'GET' && path.endsWith('/video-2')),
      ),
    );
    program.kill(name);
    const ended = await program;
    expectEndBy(expected, ended);
    expect(ended.stderr).toMatch(/the 151 objects captured so far stay in/);
    const left = (await filesIn(folder)).filter((file) => !before.includes(file));
    expect(left).toEqual([expect.stringMatching(/\.tar\.gz\.partial$/)]);
    expect(await visibleIds()).toEqual([id]);

    const next = await runJson<Summary>(['backup', 'full', folder, '--bucket', bucket]);
    expect(next.answer.objects).toMatchObject({ total: 152, captured: 152, salvaged: 151 });
    await expectAllVisibleToBeWhole();
    expect(await filesIn(folder)).toHaveLength(4);
  });

  it.each(SIGNALS)(
    '%s ends a restore with status %i, what is there is whole',
    async (...expected) => {
      const [name] = expected;
      const { id } = await backUp(store, folder, [bucket]);
      const original = await snapshot(store, bucket);
      const target = freshBucketName();
      const program = runProcess(
        ['restore', join(folder, id), '--as', `${bucket}=${target}`],
        proxy,
      );
      await waitUntil('the restore', [], () =>
        Promise.resolve(proxy.requests.some((one) => isUpload(one, 'video-2'))),
      );
      program.kill(name);
      expectEndBy(expected, await program);
      const objects = await snapshot(store, target);
      expect(objects.size).toBeGreaterThan(0);
      expect(objects.has('video-2')).toBe(false);
      for (const [key, object] of objects) expect(object).toEqual(original.get(key));
      await removeBucket(store, target);
    },
  );

  it.each(SIGNALS)('%s ends a verify with status %i, with no verdict', async (...expected) => {
    const [name] = expected;
    const { id } = await backUp(store, folder, [bucket]);
    const archive = join(folder, `${id}.tar.gz`);
    const program = runProcess(['backup', 'verify', join(folder, id)]);
    // Held at the moment when it has the archive open, so that the signal finds it at work.
    while (!(await hasOpen(program.pid, archive))) await sleep(1);
    program.kill('SIGSTOP');
    program.kill(name);
    program.kill('SIGCONT');
    expectEndBy(expected, await program);
  });
});

type Expected = readonly [name: string, status: number, word: string];

function expectEndBy([name, status, word]: Expected, { exitCode, stdout, stderr }: Outcome): void {
  expect({ exitCode, stdout }).toEqual({ exitCode: status, stdout: '' });
  expect(stderr).toContain(`mangamotion: ${word} (${name})\n`);
  expect(stderr).not.toMatch(/\bat .+\(|Error:/);
}

function isUpload({ method, path }: { method: string; path: string }, key: string): boolean {
  return method === 'PUT' && path.endsWith(`/${key}`);
}

async function hasOpen(pid: number | undefined, path: string): Promise<boolean> {
  const folder = `/proc/${String(pid)}/fd`;
  const names = await readdir(folder);
  const targets = names.map((name) => readlink(join(folder, name)).catch(() => undefined));
  return (await Promise.all(targets)).includes(path);
}

describe('two backups started in the same second', () => {
  it('both succeed, one after the other, when they wait for each other', async () => {
    const args = ['backup', 'full', folder, '--bucket', bucket, '--wait-lock', '2m'];
    const runs = await Promise.all([1, 2, 3].map(() => runJsonProcess<{ id: string }>(args)));
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
    const ids = runs.map(({ answer }) => answer.id).sort();
    expect(new Set(ids).size).toBe(3);
    expect((await visibleIds()).sort()).toEqual(ids);
    await expectAllVisibleToBeWhole();
    expect((await filesIn(folder)).length).toBe(6);
  });

  it('are one backup and one refusal, with status 7, when they do not', async () => {
    const args = ['backup', 'full', folder, '--bucket', bucket];
    const runs = await Promise.all(
      [1, 2].map(() => runJsonProcess<{ error?: { code: string; hint: string } }>(args)),
    );
    expect(runs.map(({ exitCode }) => exitCode).sort()).toEqual([0, 7]);
    const refusal = runs.find(({ exitCode }) => exitCode === 7);
    expect(refusal?.answer.error).toMatchObject({ code: 'locked' });
    expect(refusal?.answer.error?.hint).toContain('--wait-lock');
    expect(await visibleIds()).toHaveLength(1);
    expect((await filesIn(folder)).length).toBe(2);
  });
});
