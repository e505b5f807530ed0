import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../helpers/child-processes.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { startInterferingProxy } from '../helpers/interfering-proxy.js';
import { storeSettings } from '../helpers/cli.js';
import { useJobResults } from '../helpers/job-results.js';
import { asOrdinaryUser } from '../helpers/ordinary-user.js';
import { startRangelessProxy } from '../helpers/rangeless-proxy.js';
import { noise } from '../helpers/seed.js';
import { mountSmallDisk } from '../helpers/small-disk.js';
import { contentOf } from '../helpers/test-store.js';

/** A download that is broken off, disturbed or doubled: the file is whole, or it is not there. */

const MIB = 1024 * 1024;
const SIZE = 20 * MIB;
const KEY = 'processed/big/result.zip';
const NAME = 'big-result.zip';

const jobs = useJobResults();
const { complete, download, downloading, downloadJson } = jobs;
const kept = (name = NAME) => readFile(join(jobs.folder, name));

let proxy: FaultyProxy;
let content: Buffer;

beforeEach(async () => {
  content = await complete('big', noise(SIZE, 'big'));
  proxy = await startFaultyProxy(jobs.store.endpoint);
});
afterEach(async () => {
  await proxy.close();
});

interface Failed {
  error: { code: string; message: string; hint: string };
}

const reads = () =>
  proxy.requests.filter(({ method, path }) => method === 'GET' && path.endsWith('/result.zip'));
const bytesRead = () => reads().reduce((sum, request) => sum + request.receivedBytes(), 0);

/** The next read of a result stops after so many bytes, and waits. */
function stallAfter(afterBytes: number): void {
  proxy.setPlan(({ method, path }) =>
    method === 'GET' && path.endsWith('/result.zip') ? { kind: 'stall', afterBytes } : undefined,
  );
}

const partials = async () => (await jobs.files()).filter((name) => name.endsWith('.partial'));

async function untilPartialHas(sizeBytes: number): Promise<void> {
  await waitUntil('the download', [], async () => (await partialSize()) >= sizeBytes);
}

async function partialSize(): Promise<number> {
  const [name] = await partials();
  if (name === undefined) return 0;
  // A run that takes it over gives it a new name.
  const stats = await stat(join(jobs.folder, name)).catch(() => undefined);
  return stats?.size ?? 0;
}

/** All that the server has sent is in the file, but for the block that is not full. */
async function untilPartialRests(): Promise<void> {
  let before = -1;
  let looks = 0;
  await waitUntil('the download', [], async () => {
    const sizeBytes = await partialSize();
    looks = sizeBytes === before ? looks + 1 : 0;
    before = sizeBytes;
    return looks > 10;
  });
}

/** Begins a download and ends it when half is there. */
async function endEarly(signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM') {
  stallAfter(SIZE / 2);
  const program = downloading(['big'], { endpoint: proxy.endpoint });
  await untilPartialHas(SIZE / 2 - MIB);
  await untilPartialRests();
  program.kill(signal);
  const ended = await program;
  proxy.setPlan(() => undefined);
  expect(await jobs.files()).toHaveLength(1);
  return ended;
}

async function expectWhole(): Promise<void> {
  expect((await kept()).equals(content)).toBe(true);
  expect(await jobs.files()).toEqual([NAME]);
}

describe('a connection that is cut', () => {
  it('is taken up again where it broke, in the same run', async () => {
    let cuts = 0;
    proxy.setPlan(({ method, path }) =>
      method === 'GET' && path.endsWith('/result.zip') && cuts++ < 3
        ? { kind: 'cut', afterBytes: 4 * MIB }
        : undefined,
    );
    const { exitCode } = await download(['big'], { endpoint: proxy.endpoint });
    expect(exitCode).toBe(0);
    expect(reads()).toHaveLength(4);
    await expectWhole();
  });
});

describe('a download that was broken off', () => {
  it('by kill -9 is gone on with: what is there is not read again', async () => {
    expect((await endEarly('SIGKILL')).exitCode).toBeUndefined();
    const before = bytesRead();
    const { exitCode, answer } = await downloadJson<{ files: { resumed_from: number }[] }>(
      ['big'],
      { endpoint: proxy.endpoint },
    );
    expect(exitCode).toBe(0);
    await expectWhole();
    const resumedFrom = answer.files[0]?.resumed_from ?? 0;
    expect(resumedFrom).toBeGreaterThanOrEqual(SIZE / 2 - MIB);
    // One byte more, which asks whether the server knows ranges.
    expect(bytesRead() - before).toBe(SIZE - resumedFrom + 1);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s says that the next run goes on, which it does', async (signal, status) => {
    const { exitCode, stderr } = await endEarly(signal);
    expect(exitCode).toBe(status);
    expect(stderr).toMatch(
      /10\.0 MiB of 20\.0 MiB are kept in .*\.partial; run the same command again to resume/,
    );
    const before = bytesRead();
    const { exitCode: next, stdout } = await download(['big'], { endpoint: proxy.endpoint });
    expect(next).toBe(0);
    expect(stdout).toContain('resumed at 10.0 MiB');
    expect(bytesRead() - before).toBe(SIZE / 2 + 1);
    await expectWhole();
  });

  it('again and again comes to its end, and is right', async () => {
    for (let round = 1; round < 4; round++) {
      stallAfter(5 * MIB);
      const program = downloading(['big'], { endpoint: proxy.endpoint });
      await untilPartialHas(round * 4 * MIB);
      program.kill('SIGKILL');
      await program;
    }
    proxy.setPlan(() => undefined);
    expect((await download(['big'], { endpoint: proxy.endpoint })).exitCode).toBe(0);
    await expectWhole();
  });

  it('begins anew where the object was replaced, and leaves nothing of the old one', async () => {
    await endEarly('SIGKILL');
    content = await complete('big', noise(SIZE, 'another'));
    const { exitCode, answer } = await downloadJson<{ files: object[] }>(['big']);
    expect(exitCode).toBe(0);
    expect(answer.files).toMatchObject([{ resumed_from: 0 }]);
    await expectWhole();
  });

  it('begins anew where the server knows no ranges', async () => {
    await endEarly('SIGKILL');
    const { answer } = await downloadJson<{ download_url: string }>(['big', '--url']);
    const rangeless = await startRangelessProxy(jobs.store.endpoint, answer.download_url);
    const { exitCode } = await download(['big'], { endpoint: rangeless.endpoint });
    await rangeless.close();
    expect(exitCode).toBe(0);
    await expectWhole();
  });

  it('and whose bytes were damaged meanwhile is status 5, and the next one is right', async () => {
    await endEarly('SIGINT');
    const [name = ''] = await partials();
    const bytes = await kept(name);
    bytes.writeUInt8(bytes.readUInt8(MIB) ^ 1, MIB);
    await writeFile(join(jobs.folder, name), bytes);
    const { exitCode, answer } = await downloadJson<Failed>(['big']);
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 5, code: 'damaged' });
    expect(await jobs.files()).toEqual([]);
    expect((await download(['big'])).exitCode).toBe(0);
    await expectWhole();
  });

  it('and has more bytes than the object begins anew', async () => {
    await endEarly('SIGINT');
    const [name = ''] = await partials();
    await writeFile(join(jobs.folder, name), noise(SIZE + 1, 'longer'));
    expect((await download(['big'])).exitCode).toBe(0);
    await expectWhole();
  });
});

describe('an object that is', () => {
  it('replaced while it is looked for is read anew', async () => {
    const between = await startInterferingProxy(jobs.store.endpoint);
    const another = noise(SIZE, 'another');
    let isReplaced = false;
    between.setPlan(() => {
      if (isReplaced) return undefined;
      isReplaced = true;
      return { before: () => jobs.store.putObject(jobs.bucket, KEY, contentOf(another)) };
    });
    const { exitCode } = await download(['big'], { endpoint: between.endpoint });
    await between.close();
    expect(exitCode).toBe(0);
    content = another;
    await expectWhole();
  });

  it('damaged on its way is status 5, and nothing is left of it', async () => {
    const between = await startInterferingProxy(jobs.store.endpoint);
    between.setPlan(() => ({ flipByte: 7 * MIB }));
    const { exitCode, answer } = await downloadJson<Failed>(['big'], {
      endpoint: between.endpoint,
    });
    const piped = await download(['big', '-o', '-'], { endpoint: between.endpoint });
    await between.close();
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 5, code: 'damaged' });
    expect(answer.error.message).toContain(`${jobs.bucket}/${KEY} arrived damaged: its MD5 is`);
    expect(piped.exitCode).toBe(5);
    expect(await jobs.files()).toEqual([]);
  });
});

describe('a file that comes into the way meanwhile', () => {
  it('stays: status 8; and with --force nothing has to be read again', async () => {
    const between = await startInterferingProxy(jobs.store.endpoint);
    between.setPlan(() => ({ before: () => writeFile(join(jobs.folder, NAME), 'mine') }));
    const { exitCode, stderr } = await download(['big'], { endpoint: between.endpoint });
    await between.close();
    expect(exitCode).toBe(8);
    expect(stderr).toContain(`${NAME} already exists`);
    expect(await kept()).toEqual(Buffer.from('mine'));
    expect((await download(['big', '--force'], { endpoint: proxy.endpoint })).exitCode).toBe(0);
    expect(reads()).toEqual([]);
    await expectWhole();
  });
});

describe('two downloads of the same', () => {
  it('one after the other begun: the second is status 7, and the first goes on', async () => {
    stallAfter(SIZE / 2);
    const first = downloading(['big'], { endpoint: proxy.endpoint });
    await untilPartialHas(SIZE / 2 - MIB);
    const { exitCode, answer } = await downloadJson<Failed>(['big']);
    expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 7, code: 'locked' });
    expect(answer.error.message).toContain(`by process ${String(first.pid)}`);
    expect(await partials()).toHaveLength(1);
    first.kill('SIGKILL');
    await first;
    expect((await download(['big'])).exitCode).toBe(0);
    await expectWhole();
  });

  it('begun at once are one file, right, and refusals', async () => {
    const runs = await Promise.all([1, 2, 3, 4].map(() => downloading(['big'])));
    const statuses = runs.map(({ exitCode }) => exitCode ?? -1).sort();
    expect(statuses[0]).toBe(0);
    for (const status of statuses.slice(1)) expect([7, 8]).toContain(status);
    expect((await kept()).equals(content)).toBe(true);
    // Whoever came too late may have left what it had; the next one clears it away.
    expect((await download(['big', '--force'])).exitCode).toBe(0);
    await expectWhole();
  });

  it('at once with --force are one file, and right', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => downloading(['big', '--force'])));
    for (const { exitCode } of runs) expect([0, 7]).toContain(exitCode);
    expect((await kept()).equals(content)).toBe(true);
  });
});

describe('a folder that cannot be written', () => {
  it('is wrong usage: status 2', async () => {
    await mkdir(join(jobs.folder, 'closed'));
    await chmod(join(jobs.folder, 'closed'), 0o555);
    const { exitCode, stderr } = await asOrdinaryUser(
      ['jobs', 'download', 'big', '-o', 'closed/'],
      {
        env: storeSettings({ env: { REDIS_URL: jobs.server.url, S3_BUCKET: jobs.bucket } }),
        cwd: jobs.folder,
      },
    );
    expect(exitCode).toBe(2);
    expect(stderr).toContain('permission denied');
  });

  it('because it is a file is wrong usage: status 2', async () => {
    await writeFile(join(jobs.folder, 'file'), '');
    const { exitCode, stderr } = await download(['big', '-o', 'file/x.zip']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('part of the path is a file, not a folder');
  });
});

const disk = mountSmallDisk(8 * MIB);

describe.runIf(disk !== undefined)('a disk', () => {
  const folder = disk?.folder ?? '';
  afterAll(() => disk?.unmount());

  it('that becomes full is status 1; what is there stays, and the next run says so too', async () => {
    for (let round = 0; round < 2; round++) {
      const { exitCode, stderr } = await download(['big', '-o', folder]);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        /cannot write .*big-result\.zip: no space is left on the disk\n {2}hint/,
      );
      expect(stderr).toMatch(/ of 20\.0 MiB are kept in /);
    }
    expect(await jobs.files()).toEqual([]);
  });

  it('that is full ends several jobs: those behind it are not tried', async () => {
    await complete('small');
    const { exitCode, answer } = await downloadJson<{ failures: object[]; error: object }>([
      ...['big', 'small', '-o', folder],
    ]);
    expect(exitCode).toBe(1);
    expect(answer.failures).toEqual([
      {
        job_id: 'big',
        code: 'disk',
        reason: expect.stringContaining('no space is left') as string,
      },
      { job_id: 'small', code: 'disk', reason: 'job small was not tried after that error' },
    ]);
    expect(answer.error).toMatchObject({ code: 'disk' });
  });

  it('that is read-only is wrong usage: status 2', async () => {
    disk?.makeReadOnly();
    await complete('small');
    const { exitCode, stderr } = await download(['small', '-o', folder]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('the file system is read-only');
  });
});
