import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PruneReport } from '../../src/repository/retention/prune.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess, storeSettings } from '../helpers/cli.js';
import { startFaultyProxy, type FaultPlan, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** A prune of a versioned bucket that is killed: the next one removes the rest, and nothing else. */

const PATIENCE_MS = 180_000;
const VERSIONING =
  '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';

const store = testStore();
let source: string;
let target: string;
let proxy: FaultyProxy;
let env: Record<string, string>;
let place: string;

beforeAll(async () => {
  source = await freshBucket(store);
  await seed(store, source, [{ key: 'a', content: noise(1000, 'a') }]);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  env = backupStoreSettings(proxy.endpoint);
});
beforeEach(async () => {
  proxy.setPlan(() => undefined);
  target = await freshBucket(store);
  place = `s3://${target}/backups`;
  await store.writeBucketDocument(target, 'versioning', Buffer.from(VERSIONING));
});
afterEach(async () => {
  await emptyVersioned(target);
});
afterAll(async () => {
  await removeBucket(store, source);
  await proxy.close();
  store.close();
});

async function emptyVersioned(bucket: string): Promise<void> {
  for (const version of await store.listVersions(bucket, ''))
    await store.deleteVersion(bucket, version);
  await removeBucket(store, bucket);
}

async function full(to = place): Promise<string> {
  const args = ['backup', 'full', to, '--bucket', source, '--no-prune'];
  const { exitCode, answer, stderr } = await runJson<{ id: string }>(args, { env });
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  return answer.id;
}

const PRUNE = ['--keep-last', '1', '--purge-versions'];
const prune = (...more: string[]) =>
  runJson<PruneReport>(['backup', 'prune', place, ...PRUNE, '--wait-lock', '2m', ...more], { env });
const versionsOf = async (id: string) =>
  (await store.listVersions(target, `backups/${id}`)).map(({ key }) => key);
const currentNames = async () => {
  const names: string[] = [];
  for await (const page of store.listObjects(target)) names.push(...page.map(({ key }) => key));
  return names;
};

/** Kills a prune when the n-th request comes that is held back. */
async function killedAt(isHeld: (asked: Parameters<FaultPlan>[0]) => boolean, nth: number) {
  let seen = 0;
  let held = 0;
  proxy.setPlan((asked) => {
    if (!isHeld(asked) || ++seen < nth) return undefined;
    held++;
    return { kind: 'ignore' };
  });
  const program = runProcess(['backup', 'prune', place, ...PRUNE], { env });
  await waitUntil('the request', [], () => Promise.resolve(held > 0));
  program.kill('SIGKILL');
  await program;
  proxy.setPlan(() => undefined);
}

it.each([
  ['while it removes files', 2, /\/backups\/[^?]*$/],
  ['before it removes a version', 1, /versionId=/],
  ['in the middle of the versions', 3, /versionId=/],
  ['before the last version', 6, /versionId=/],
])(
  'a prune that is killed %s',
  async (_when, nth, path) => {
    const old = await full();
    const kept = await full();
    await killedAt((asked) => asked.method === 'DELETE' && path.test(asked.path), nth);
    expect(await versionsOf(old)).not.toEqual([]);
    const before = await versionsOf(kept);

    const dry = await prune('--dry-run');
    const listed = [...dry.answer.removed, ...(dry.answer.purged?.removed_before ?? [])];
    const again = await prune();
    expect(again).toMatchObject({ exitCode: 0 });
    expect(listed.map(({ id }) => id)).toEqual([old]);
    expect(await versionsOf(old)).toEqual([]);
    expect(await versionsOf(kept)).toEqual(before);
    expect(await run(['backup', 'verify', `${place}/${kept}`], { env })).toMatchObject({
      exitCode: 0,
    });
  },
  PATIENCE_MS,
);

it('what a person deleted, other names and other prefixes stay', async () => {
  const byHand = await full();
  const elsewhere = await full(`${place}/sub`);
  const kept = await full();
  for (const key of await currentNames()) {
    if (key.includes(byHand) || key.includes(elsewhere)) await store.deleteObject(target, key);
  }
  const strangers = [
    'backups/minio_backup_full_20200101_000000.note',
    'backups/minio_backup_other',
  ];
  for (const key of strangers) {
    await store.putObject(target, key, contentOf('this backup is being removed\n'));
    await store.deleteObject(target, key);
  }
  const before = await store.listVersions(target, '');
  const { exitCode, answer } = await prune();
  expect(exitCode).toBe(0);
  expect(answer.purged).toEqual({ versions: 0, bytes: 0, removed_before: [], retained: [] });
  const isLock = ({ key }: { key: string }) => !key.includes('minio_backup');
  const after = await store.listVersions(target, '');
  expect(after.filter((one) => !isLock(one))).toEqual(before.filter((one) => !isLock(one)));
  expect(await versionsOf(kept)).not.toEqual([]);
});

it('what was removed before is listed by a dry run, within --type', async () => {
  const old = await full();
  await full();
  const without = ['backup', 'prune', place, '--keep-last', '1'];
  expect(await run(without, { env })).toMatchObject({ exitCode: 0 });
  const left = await versionsOf(old);
  expect(left.length).toBeGreaterThan(4);
  const dry = await run(['backup', 'prune', place, ...PRUNE, '--dry-run'], { env });
  expect(dry.exitCode).toBe(0);
  expect(dry.stdout).toMatch(new RegExp(`${old} +purge +removed before; ${left.length} versions`));
  expect(dry.stdout).toContain(`would remove ${left.length} versions`);
  expect(await versionsOf(old)).toEqual(left);
  const csv = await run(['backup', 'prune', place, ...PRUNE, '--dry-run', '--csv'], { env });
  expect(csv.stdout).toContain(`${old},purge,`);
  const other = await prune('--type', 'metadata');
  expect(other.answer.purged?.versions).toBe(0);
  expect((await prune()).answer.purged?.removed_before).toMatchObject([
    { id: old, versions: left.length },
  ]);
  expect(await versionsOf(old)).toEqual([]);
});

it('versions that object lock protects are named', async () => {
  const locked = freshBucketName();
  await store.createBucket(locked, { objectLock: true });
  const where = `s3://${locked}/backups`;
  const old = await full(where);
  await full(where);
  const archive = `backups/${old}.tar.gz`;
  proxy.setPlan(({ method, path }) =>
    method === 'DELETE' && path.includes(`${archive}?versionId=`)
      ? { kind: 'answer', status: 403, code: 'AccessDenied' }
      : undefined,
  );
  const args = ['backup', 'prune', where, ...PRUNE];
  const refused = await run(args, { env });
  expect(refused.exitCode).toBe(8);
  expect(refused.stderr).toContain(`s3://${locked}/${archive}: its version is not removed`);
  expect(refused.stderr).toContain('object lock');
  proxy.setPlan(() => undefined);
  expect(await run(args, { env })).toMatchObject({ exitCode: 0 });
  expect(await store.listVersions(locked, `backups/${old}`)).toEqual([]);
  await emptyVersioned(locked);
});
