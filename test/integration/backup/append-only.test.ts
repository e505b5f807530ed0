import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PruneReport } from '../../../src/repository/retention/prune.js';
import type { Summary } from '../../../src/repository/summary.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { waitUntil } from '../../helpers/child-processes.js';
import { run, runJson, runProcess, storeSettings } from '../../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import { runAt } from '../../helpers/in-process.js';
import { APPEND_RIGHTS, otherUser, appendPolicy } from '../../helpers/other-user.js';
import { abortUploads, uploadsAt } from '../../helpers/s3-destinations.js';
import { listing, noise, seed } from '../../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  inParallel,
  removeBucket,
  testStore,
} from '../../helpers/test-store.js';

/** Backups by a user whom the policy of the bucket lets add objects, and nothing more. */

const VERSIONING =
  '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';
const PATIENCE_MS = 300_000;
const MIB = 1024 * 1024;
const DAY_ONE = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;

const user = otherUser();
const store = testStore();
let source: string;
let target: string;
let place: string;
let proxy: FaultyProxy;
/** The settings of the host of the backups, and of whoever may delete. */
let host: Record<string, string>;
let keeper: Record<string, string>;

beforeAll(async () => {
  source = await freshBucket(store);
  const pages = Array.from({ length: 20 }, (_, i) => `page-${i + 100}`);
  await seed(store, source, [
    ...pages.map((key) => ({ key, content: noise(1000, key) })),
    { key: 'video', content: noise(8 * MIB, 'video') },
  ]);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
});
beforeEach(async () => {
  target = await freshBucket(store);
  place = `s3://${target}/nightly`;
  keeper = backupStoreSettings();
  host = {
    ...backupStoreSettings(proxy.endpoint),
    BACKUP_S3_ACCESS_KEY: user?.accessKey ?? '',
    BACKUP_S3_SECRET_KEY: user?.secretKey ?? '',
  };
  await deny();
  proxy.setPlan(() => undefined);
  proxy.requests.length = 0;
});
afterEach(async () => {
  await abortUploads(store, target);
  const versions = await store.listVersions(target, '');
  await inParallel(16, versions, (version) => store.deleteVersion(target, version));
  await removeBucket(store, target);
});
afterAll(async () => {
  await removeBucket(store, source);
  await proxy.close();
  store.close();
});

async function deny(...rights: string[]): Promise<void> {
  if (user === undefined) return;
  await store.writeBucketDocument(target, 'policy', appendPolicy(target, user, rights));
}

const only = () => ['--bucket', source];
const backUp = (type: string, ...args: string[]) =>
  runJson<Summary>(['backup', type, place, ...only(), '--append-only', ...args], { env: host });

/** A backup at an hour since the first day. */
async function backUpAt(hour: number, type: string) {
  const now = new Date(DAY_ONE + hour * HOUR_MS).toISOString();
  const args = ['backup', type, place, ...only(), '--json'];
  const env = storeSettings({ env: { ...host, BACKUP_S3_APPEND_ONLY: 'true' } });
  const { status, stdout, stderr } = await runAt(now, args, { env });
  return { status, stderr, answer: JSON.parse(stdout) as Summary };
}

/** Fails where a request deletes, or puts what was put before. */
function expectOnlyAdditions(): void {
  const { requests } = proxy;
  expect(requests.length).toBeGreaterThan(0);
  expect(requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  expect(requests.filter(({ path }) => /[?&]delete\b/.test(path))).toEqual([]);
  const puts = requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
  expect(new Set(puts).size).toBe(puts.length);
}

const claimsLeft = async () =>
  (await listing(store, target)).filter(({ key }) => key.includes('.mangamotion-lock/'));

async function expectAllWhole(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const verified = await runJson(['backup', 'verify', `${place}/${id}`], { env: keeper });
    expect(verified).toMatchObject({ exitCode: 0, answer: { status: 'ok', problems: [] } });
  }
}

describe.runIf(user !== undefined)('keys that cannot delete', { timeout: PATIENCE_MS }, () => {
  it('make fulls and hourly incrementals, and other keys prune and clear them', async () => {
    await store.writeBucketDocument(target, 'versioning', Buffer.from(VERSIONING));
    for (let hour = 0; hour < 32; hour++) {
      await store.putObject(source, `new-${hour}`, contentOf(`of ${hour}`));
      const type = hour % 16 === 0 ? 'full' : 'incremental';
      const { status, stderr, answer } = await backUpAt(hour, type);
      expect({ status, stderr, type: answer.type }).toEqual({ status: 0, stderr: '', type });
    }
    expectOnlyAdditions();

    // One is killed in the middle of its upload.
    proxy.setPlan(({ path }) => (/partNumber=2\b/.test(path) ? { kind: 'ignore' } : undefined));
    const before = proxy.requests.length;
    const program = runProcess(['backup', 'full', place, ...only(), '--append-only'], {
      env: host,
    });
    await waitUntil('the part', [], () =>
      Promise.resolve(proxy.requests.slice(before).some(({ path }) => /partNumber=2\b/.test(path))),
    );
    program.kill('SIGKILL');
    await program;
    proxy.setPlan(() => undefined);
    const [upload] = await uploadsAt(store, target);
    expect(upload).toBeDefined();

    // Two at once take turns, and both name what the dead one left.
    const both = await Promise.all([
      backUp('incremental', '--wait-lock', '5m'),
      backUp('full', '--wait-lock', '5m'),
    ]);
    for (const { exitCode, stderr, answer } of both) {
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      expect(stderr).toContain(`s3://${target}/${upload ?? ''} was left by an earlier run`);
      expect(answer.notices.filter((text) => text.startsWith('append-only'))).toEqual([
        expect.stringContaining('retention was not run'),
      ]);
    }
    expectOnlyAdditions();
    expect(await uploadsAt(store, target)).toEqual([upload]);

    const prune = ['backup', 'prune', place, '--keep-last', '8', '--purge-versions'];
    const refused = await run(prune, { env: { ...keeper, BACKUP_S3_APPEND_ONLY: 'true' } });
    expect(refused.exitCode).toBe(2);
    const dry = await runJson<PruneReport>([...prune, '--dry-run'], { env: keeper });
    const claims = (await claimsLeft()).length;
    expect(claims).toBeGreaterThan(3 * 34);
    const cleared = { claims, leftovers: [`s3://${target}/${upload ?? ''}`] };
    expect(dry.answer.cleared).toMatchObject(cleared);
    const { exitCode, stderr, answer } = await runJson<PruneReport>(prune, { env: keeper });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(answer.removed.length).toBeGreaterThan(15);
    expect(answer.cleared).toMatchObject(cleared);
    expect(answer.cleared?.temporary_summaries).toBe(34 - answer.removed.length);

    expect(await uploadsAt(store, target)).toEqual([]);
    const kept = [...answer.kept, ...answer.referenced].map(({ id }) => id);
    const names = (await listing(store, target)).map(({ key }) => key.replace('nightly/', ''));
    const marks = names.filter((name) => name.endsWith('.expired'));
    expect(names.filter((name) => !marks.includes(name))).toEqual(
      kept.flatMap((id) => [`${id}.json`, `${id}.tar.gz`]).sort(),
    );
    // The only claims with versions are those of the prune itself.
    const keys = (await store.listVersions(target, '')).map(({ key }) => key);
    expect(keys.filter((key) => key.includes('.mangamotion-lock/') && key.includes('~'))).toEqual(
      [],
    );
    await expectAllWhole(kept);
  });

  it('are told what they lack, and that without versions they can overwrite', async () => {
    for (const right of APPEND_RIGHTS) {
      await deny(right);
      const { exitCode, stderr } = await run(
        ['backup', 'metadata', place, ...only(), '--append-only'],
        { env: host },
      );
      expect({ right, exitCode, stderr }).toMatchObject({ exitCode: 6 });
      expect(stderr).toContain(right);
      expect(stderr.match(/error|hint/g)?.length ?? 0).toBeLessThan(3);
    }
    await deny();
    const { answer } = await backUp('metadata', '--wait-lock', '5m');
    expect(answer.notices).toContainEqual(expect.stringContaining('keeps no versions'));
    await deny('s3:GetBucketVersioning');
    const unknown = await backUp('metadata');
    expect(unknown.answer.notices).toContainEqual(
      expect.stringContaining('s3:GetBucketVersioning'),
    );
    expectOnlyAdditions();
  });

  it('without --append-only are told of it', async () => {
    const { exitCode, stderr } = await run(['backup', 'metadata', place, ...only()], { env: host });
    expect(exitCode).toBe(6);
    expect(stderr).toMatch(/minio_backup_metadata_\d{8}_\d{6} is complete, but/);
    expect(stderr).toContain('s3:DeleteObject');
    expect(stderr).toContain('--append-only');
  });

  it('leave what they wrote when a run fails behind its archive, and name it', async () => {
    proxy.setPlan(({ method, path }) =>
      method === 'PUT' && /_\d{6}\.json$/.test(path)
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    const { exitCode, stderr } = await backUp('metadata');
    expect(exitCode).toBe(6);
    const left = (await listing(store, target))
      .map(({ key }) => key)
      .filter((key) => !key.includes('.mangamotion-lock/'));
    expect(left).toEqual([
      expect.stringMatching(/\.json\.partial$/),
      expect.stringMatching(/\.tar\.gz$/),
    ]);
    const id = left[0]?.replace('.json.partial', '') ?? '';
    expect(stderr).toContain(`what was written of s3://${target}/${id} stays`);
    expect(stderr).toContain(`s3://${target}/${id} may be a whole backup`);
    expectOnlyAdditions();
    proxy.setPlan(() => undefined);
    const next = await backUp('metadata');
    expect(next.exitCode).toBe(0);
    for (const key of left) expect(next.stderr).toContain(`${key} was left by an earlier run`);
    const prune = ['backup', 'prune', place, '--keep-last', '1'];
    const { answer } = await runJson<PruneReport>(prune, { env: keeper });
    expect(answer.cleared?.leftovers.sort()).toEqual(left.map((key) => `s3://${target}/${key}`));
    await expectAllWhole([next.answer.id]);
    expect(await listing(store, target)).toHaveLength(2);
  });
});

describe.runIf(user !== undefined)('an append-only run that is interrupted', () => {
  it('names the upload that it may not abort', { timeout: PATIENCE_MS }, async () => {
    const isPart = ({ path }: { path: string }) => /partNumber=2\b/.test(path);
    proxy.setPlan((asked) => (isPart(asked) ? { kind: 'ignore' } : undefined));
    const args = ['backup', 'full', place, ...only(), '--append-only'];
    const program = runProcess(args, { env: host });
    await waitUntil('the part', [], () => Promise.resolve(proxy.requests.some(isPart)));
    program.kill('SIGTERM');
    const { exitCode, stderr } = await program;
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 143 });
    const [upload = ''] = await uploadsAt(store, target);
    expect(stderr).toContain(`the unfinished upload of s3://${target}/${upload} stays`);
    // Its lock is released: nothing has to be waited for.
    expect(await backUp('metadata')).toMatchObject({ exitCode: 0 });
  });
});

describe('--append-only', () => {
  it('is refused for a folder, and the setting does not concern folders', async () => {
    const { folder, remove } = temporaryFolder();
    const args = ['backup', 'metadata', folder, ...only()];
    const refused = await run([...args, '--append-only']);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('--append-only');
    const env = { BACKUP_S3_APPEND_ONLY: 'true' };
    expect(await run(args, { env })).toMatchObject({ exitCode: 0 });
    remove();
  });

  it('refuses what is rewritten at a destination: exit status 2', async () => {
    const env = { ...keeper, BACKUP_S3_APPEND_ONLY: 'true' };
    const { exitCode, stderr } = await run(['backup', 'verify', place, '--within', '30d'], { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2 });
    expect(stderr).toContain('BACKUP_S3_APPEND_ONLY');
  });
});
