import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RollingResult, verifyRolling } from '../../../src/backup/verify/rolling/rolling.js';
import { openDestination } from '../../../src/repository/locate.js';
import type { Summary } from '../../../src/repository/summary.js';
import { encodeSummary } from '../../../src/repository/summary-codec.js';
import type { DestinationStatus } from '../../../src/repository/status.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { NO_PROGRESS, backUp, backUpChanges, temporaryFolder } from '../../helpers/backups.js';
import { run, runJson } from '../../helpers/cli.js';
import { withoutQuery } from '../../helpers/odd-messages.js';
import { type OddServer, startOddProxy } from '../../helpers/odd-proxy.js';
import { paging, rerouting } from '../../faults/odd-servers/ways.js';
import { noise, seed } from '../../helpers/seed.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const RECORD = '.mangamotion-verified.json';

const store = testStore();
let bucket: string;
let folder: string;
let remove: () => void;

beforeAll(async () => {
  bucket = await freshBucket(store);
  const keys = Array.from({ length: 40 }, (_, n) => `object-${n}`);
  await seed(
    store,
    bucket,
    keys.map((key) => ({ key, content: noise(3000, key) })),
  );
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

beforeEach(() => ({ folder, remove } = temporaryFolder()));
afterEach(() => remove());

/** A run at this time, as a job of a schedule makes it. */
async function runAt(nowMs: number, signal = new AbortController().signal): Promise<RollingResult> {
  const destination = await openDestination(folder);
  const options = { withinMs: MONTH_MS, now: () => new Date(nowMs) };
  return await verifyRolling({ signal, progress: NO_PROGRESS }, destination, options);
}

/** Several archives, of which each has at least two parts. */
async function makeBackups(): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    const { id } = await (n === 0 ? backUp : backUpChanges)(store, folder, [bucket]);
    ids.push(id);
    await seed(store, bucket, [{ key: `later-${n}`, content: noise(20_000, `later-${n}`) }]);
  }
  return ids;
}

async function damage(id: string): Promise<void> {
  const path = join(folder, `${id}.tar.gz`);
  const bytes = await readFile(path);
  bytes[3000] = bytes[3000]! ^ 1;
  await writeFile(path, bytes);
}

describe('runs at regular times', () => {
  it('read every byte within the period, and not much more', async () => {
    await makeBackups();
    const begunMs = Date.now() + 1000;
    let readBytes = 0;
    let last: RollingResult | undefined;
    for (let day = 0; day < 75; day++) {
      // A job that is late now and then.
      const lateMs = day % 7 === 0 ? DAY_MS / 4 : 0;
      last = await runAt(begunMs + day * DAY_MS + lateMs);
      expect(last).toMatchObject({ status: 'ok', problems: [], first_round: day <= 30 });
      expect(last.overdue_bytes).toBe(0);
      readBytes += last.read.bytes;
      if (day >= 30) expect(last.read_bytes).toBe(last.total_bytes);
    }
    const rounds = readBytes / (last?.total_bytes ?? 0);
    expect(rounds).toBeGreaterThan(75 / 30);
    expect(rounds).toBeLessThan((75 / 30) * 1.5);
  });

  it('catch up with the time in which none ran, and say what is overdue', async () => {
    await makeBackups();
    const begunMs = Date.now() + 1000;
    for (let day = 0; day < 31; day++) await runAt(begunMs + day * DAY_MS);
    const late = await runAt(begunMs + 80 * DAY_MS);
    expect(late).toMatchObject({ overdue_bytes: 0, read_bytes: late.total_bytes });
    expect(late.read.bytes).toBe(late.total_bytes);
  });

  it('read a new backup in its turn', async () => {
    await makeBackups();
    const begunMs = Date.now() + 1000;
    await runAt(begunMs + 100 * DAY_MS);
    const { id } = await backUp(store, folder, [bucket]);
    // The backup is older than the last run by these clocks, so it is the first in line.
    const { read, overdue_bytes: overdue } = await runAt(begunMs + 131 * DAY_MS);
    expect(read.bytes).toBeGreaterThan(0);
    expect(overdue).toBe(0);
    expect(await readFile(join(folder, RECORD), 'utf8')).toContain(id);
  });
});

describe('damage', () => {
  it('is found, is never recorded as read, and is found by each later run', async () => {
    const [first = '', ...others] = await makeBackups();
    await damage(first);
    // The later runs have no allowance left.
    for (const day of [60, 60.1, 60.2]) {
      const result = await runAt(Date.now() + day * DAY_MS);
      expect(result.status).toBe('damaged');
      expect(new Set(result.problems.map(({ id }) => id))).toEqual(new Set([first]));
      expect(result.read_bytes).toBeLessThan(result.total_bytes);
      expect(result.oldest_read_at).toBeNull();
      expect(result.damaged_bytes).toBeGreaterThan(0);
      const { answer } = await runJson<DestinationStatus>(['backup', 'status', folder]);
      const { damaged_bytes } = result;
      expect(answer.verification).toMatchObject({ status: 'damaged', damaged_bytes });
    }
    const { stdout } = await run(['backup', 'status', folder]);
    expect(stdout).toMatch(/read +.+ was damaged when it was last read; \d+ % of/);
    expect(others).toHaveLength(4);
  });

  it('of the directory, the length or the summary is named, and the others are read', async () => {
    const [first = '', second = '', third = ''] = await makeBackups();
    const path = (id: string, ending: string) => join(folder, id + ending);
    const bytes = await readFile(path(first, '.tar.gz'));
    await writeFile(path(first, '.tar.gz'), bytes.subarray(0, -10));
    await rm(path(second, '.tar.gz'));
    await writeFile(path(third, '.json'), '{}');
    const result = await runAt(Date.now() + 60 * DAY_MS);
    expect(result.status).toBe('incomplete');
    expect(result.problems.map(({ id, kind }) => [id, kind])).toEqual(
      expect.arrayContaining([
        [first, 'archive_truncated'],
        [second, 'archive_missing'],
        [third, 'summary'],
      ]),
    );
    expect(result.read.parts).toBeGreaterThan(2);
  });

  it('of a whole archive is recorded until it is mended', async () => {
    const [first = ''] = await makeBackups();
    const path = join(folder, `${first}.tar.gz`);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, -10));
    // The later runs have no allowance left.
    for (const day of [60, 60.1]) {
      const result = await runAt(Date.now() + day * DAY_MS);
      expect(result).toMatchObject({ status: 'incomplete', damaged_bytes: bytes.length - 10 });
      expect(result.read_bytes).toBeLessThanOrEqual(result.total_bytes);
      const { answer } = await runJson<DestinationStatus>(['backup', 'status', folder]);
      expect(answer.verification).toMatchObject({ status: 'damaged' });
    }
    await writeFile(path, bytes);
    const mended = await runAt(Date.now() + 60.2 * DAY_MS);
    expect(mended).toMatchObject({ status: 'ok', damaged_bytes: 0 });
  });

  it('of the record costs only time', async () => {
    await makeBackups();
    const nowMs = Date.now() + 60 * DAY_MS;
    await runAt(nowMs);
    for (const text of ['', '{', '{"format":2}', 'x'.repeat(17 * 1024 * 1024)]) {
      await writeFile(join(folder, RECORD), text);
      const result = await runAt(nowMs);
      expect(result).toMatchObject({ status: 'ok', first_round: true });
      expect(result.read.parts).toBeGreaterThan(0);
    }
  });

  it('of a clock proves nothing: what was read in the future counts as unread', async () => {
    await makeBackups();
    await runAt(Date.now() + 900 * DAY_MS);
    const result = await runAt(Date.now() + 1000);
    expect(result.oldest_read_at).toBeNull();
    expect(result.read.parts).toBeGreaterThan(0);
    expect(result.read_bytes).toBe(result.read.bytes);
  });

  it('is not what an archive is that has replaced the one that was read', async () => {
    const [first = ''] = await makeBackups();
    await runAt(Date.now() + 60 * DAY_MS);
    const record = JSON.parse(await readFile(join(folder, RECORD), 'utf8')) as {
      archives: Record<string, { directory: string }>;
    };
    record.archives[first]!.directory = '0'.repeat(64);
    await writeFile(join(folder, RECORD), JSON.stringify(record));
    const result = await runAt(Date.now() + 61 * DAY_MS);
    expect(result).toMatchObject({ status: 'ok' });
  });
});

describe('a run', () => {
  it('that is interrupted keeps what it has read', async () => {
    await makeBackups();
    const ended = new AbortController();
    const destination = await openDestination(folder);
    let parts = 0;
    const progress = {
      ...NO_PROGRESS,
      update: ({ objects = 0 }: { objects?: number }) => {
        parts += objects > 0 ? 1 : 0;
        if (parts === 3) ended.abort(new Error('stopped'));
      },
    };
    const nowMs = Date.now() + 60 * DAY_MS;
    // A run after a day may read everything.
    const options = { withinMs: DAY_MS, now: () => new Date(nowMs) };
    const context = { signal: ended.signal, progress };
    await expect(verifyRolling(context, destination, options)).rejects.toThrow('stopped');
    expect(await readFile(join(folder, RECORD), 'utf8')).toContain('read_at":"');
  });

  it('says how much was read, and so does the status', async () => {
    await makeBackups();
    const first = await runJson<RollingResult>(['backup', 'verify', folder, '--within', '30d']);
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.answer).toMatchObject({ destination: folder, within_seconds: 2_592_000 });
    const status = await runJson<DestinationStatus>(['backup', 'status', folder]);
    const { total_bytes, read_bytes } = first.answer;
    expect(status.answer.verification).toMatchObject({ total_bytes, read_bytes });
    const text = await run(['backup', 'status', folder]);
    expect(text.stdout).toMatch(/read +\d+ % of .+ was read within 30 days, some never/);
    // The first run counts as one after a day, so it may read everything.
    await rm(join(folder, RECORD));
    const all = await run(['backup', 'verify', folder, '--within', '1h']);
    expect(all.stdout).toContain('every byte was read within 1h 00m');
  });

  it('works in a bucket, and needs no right but to read and to write its record', async () => {
    const target = await freshBucket(store);
    const env = backupStoreSettings();
    const place = `s3://${target}/backups`;
    await run(['backup', 'full', place, '--bucket', bucket], { env });
    const args = ['backup', 'verify', place, '--within', '1h'];
    const { exitCode, answer } = await runJson<RollingResult>(args, { env });
    expect(exitCode).toBe(0);
    expect(answer.read_bytes).toBe(answer.total_bytes);
    expect(await run(['backup', 'list', place], { env })).toMatchObject({ exitCode: 0 });
    await removeBucket(store, target);
  });

  it('refuses a bucket whose listing cannot be trusted, and leaves its record as it was', async () => {
    const target = await freshBucket(store);
    const proxy = await startOddProxy();
    const env = { ...backupStoreSettings(), BACKUP_S3_ENDPOINT: proxy.endpoint };
    const place = `s3://${target}/backups`;
    const ids: string[] = [];
    for (const type of ['full', 'incremental']) {
      const made = await runJson<Summary>(['backup', type, place, '--bucket', bucket], { env });
      ids.push(made.answer.id);
    }
    const verify = () =>
      runJson<RollingResult>(['backup', 'verify', place, '--within', '1h'], { env });
    const record = async () =>
      (await store.readObject(target, `backups/${RECORD}`, { maxBytes: 1e6 })).content?.toString();
    const { answer: first } = await verify();
    expect(first.read_bytes).toBe(first.total_bytes);
    const before = await record();
    for (const id of ids) expect(before).toContain(id);

    const endsEarly = paging((page) => ({
      ...{ ...page, truncated: false, token: undefined, entries: page.entries.slice(0, 1) },
    }));
    const ignores = rerouting((request) => withoutQuery(request, 'start-after'));
    for (const [odd, why] of [
      [ignores, /ignores start-after/],
      [{ entries: (all) => all.filter(({ key }) => !key.includes(ids[1]!)) }, /leaves out backups/],
      [{ entries: () => [] }, /leaves out backups/],
    ] as [OddServer, RegExp][]) {
      proxy.be(odd);
      const { exitCode, stdout } = await run(
        ['backup', 'verify', place, '--within', '1h', '--json'],
        { env },
      );
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 8 });
      expect(stdout).toMatch(why);
      expect(await record()).toBe(before);
    }
    proxy.be(endsEarly);
    const { exitCode, answer } = await verify();
    expect({ exitCode, archives: answer.archives }).toEqual({ exitCode: 0, archives: 2 });
    await proxy.close();
    await removeBucket(store, target);
  });

  it('reads plain folders too', async () => {
    const env = { BACKUP_COMPRESSION: 'false' };
    await run(['backup', 'full', folder, '--bucket', bucket], { env });
    const args = ['backup', 'verify', folder, '--within', '1h'];
    const { exitCode, answer } = await runJson<RollingResult>(args);
    expect({ exitCode, problems: answer.problems }).toEqual({ exitCode: 0, problems: [] });
    expect(answer.read_bytes).toBe(answer.total_bytes);
  });

  it('ends with 2 where its record cannot be written, or what it names is one backup', async () => {
    const [first = ''] = await makeBackups();
    const one = await run(['backup', 'verify', join(folder, first), '--within', '30d']);
    expect(one).toMatchObject({ exitCode: 2 });
    expect(one.stderr).toContain('--within needs a destination');
    const both = await run(['backup', 'verify', folder, '--within', '30d', '--quick']);
    expect(both).toMatchObject({ exitCode: 2 });
    await mkdir(join(folder, RECORD));
    const { exitCode, stderr } = await run(['backup', 'verify', folder, '--within', '30d']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain(RECORD);
  });

  it('ends with 4 where there are no backups, and leaves nothing there', async () => {
    const { exitCode, stderr } = await run(['backup', 'verify', folder, '--within', '30d']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 4 });
    expect(stderr).toContain('there are no backups');
    expect(await readdir(folder)).toEqual([]);
  });

  it('ends with 3 for archives that it may not read or does not know', async () => {
    const [first = ''] = await makeBackups();
    const path = join(folder, `${first}.json`);
    const summary = JSON.parse(await readFile(path, 'utf8')) as Summary & { digest?: string };
    delete summary.digest;
    await writeFile(path, encodeSummary({ ...summary, format: 4 }));
    const { exitCode, answer } = await runJson<RollingResult>([
      ...['backup', 'verify', folder, '--within', '1h'],
    ]);
    expect(answer.skipped).toEqual([{ id: first, reason: expect.any(String) as string }]);
    expect(exitCode).toBe(3);
  });
});
