import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DrillResult } from '../../src/drill/result.js';
import { JOURNAL_FOLDER, decodeEntry } from '../../src/drill/journal-entry.js';
import { openDestination } from '../../src/repository/locate.js';
import type { Retention } from '../../src/object-store/port.js';
import { whyNoRansom } from '../../src/drill/scenarios/ransom.js';
import { freshLockedBucket } from '../contract/object-store/locked-buckets.js';
import { temporaryFolder } from '../helpers/backups.js';
import { backupStoreSettings } from '../helpers/backup-store.js';

import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess, storeSettings } from '../helpers/cli.js';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { type OtherUser, appendPolicy, otherUser } from '../helpers/other-user.js';
import { noise, seed } from '../helpers/seed.js';
import { freshBucket, readObject, removeBucket, testStore } from '../helpers/test-store.js';

/** A drill attacks copies of backups with the keys of the backup host, on a server that keeps locks. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const VIDEO_BYTES = 9 * 1024 ** 2;
const RANSOM = '.mangamotion-drill-ransom/';
const PREFIX = 'ransom-';
/** What a drill needs beyond the rights of a host that only appends. */
const MORE_RIGHTS =
  '"s3:ListBucketVersions","s3:GetObjectVersion","s3:GetBucketObjectLockConfiguration","s3:GetObjectRetention","s3:PutObjectRetention",';
const NOBODY: OtherUser = { name: '', accessKey: '', secretKey: '' };
const user = otherUser();
let source: string;
let target: string;
let proxy: FaultyProxy;
let env: Record<string, string>;
const place = (name: string) => `s3://${target}/${name}`;

beforeAll(async () => {
  source = await freshBucket(store);
  target = await freshLockedBucket(store);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  env = { ...backupStoreSettings(proxy.endpoint), XDG_STATE_HOME: folder };
  await seed(store, source, [
    { key: 'a', content: noise(3000, 'a') },
    { key: 'dir/b', content: noise(200_000, 'b') },
    // Its archive has several parts.
    { key: 'video', content: noise(VIDEO_BYTES, 'video') },
  ]);
}, 60_000);
afterEach(() => {
  proxy.setPlan(() => undefined);
  proxy.requests.length = 0;
});
afterAll(async () => {
  // Locks in the mode COMPLIANCE end in minutes, and nobody can end them. The server is thrown away.
  for (const version of await store.listVersions(target, '')) {
    await store.deleteVersion(target, version, { bypassGovernance: true }).catch(() => undefined);
  }
  await removeBucket(store, source);
  await proxy.close();
  store.close();
  remove();
}, 120_000);

/** Every deletion below the place of a drill fails. */
function failing({ method, path }: { method: string; path: string }): Fault | undefined {
  const isDeletion = method === 'DELETE' ? path.includes(RANSOM) : path.includes('?delete');
  return isDeletion ? { kind: 'answer', status: 500, code: 'InternalError' } : undefined;
}

async function backUp(name: string, type: string, ...args: string[]): Promise<string> {
  const all = ['backup', type, place(name), '--bucket', source, '--no-prune', ...args];
  const { exitCode, answer, stderr } = await runJson<{ id: string }>(all, { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return answer.id;
}

const drillArgs = (name: string, ...args: string[]) => [
  ...['drill', 'ransom', place(name), '--into', PREFIX, '--state-dir', join(folder, 'state')],
  ...['--lock-for', '40s', '--json', ...args],
];

async function drill(name: string, keys: Record<string, string> = {}, ...args: string[]) {
  proxy.requests.length = 0;
  const all = drillArgs(name, ...args);
  const { exitCode, stdout, stderr } = await run(all, { env: { ...env, ...keys } });
  const [result] = (JSON.parse(stdout) as { drills: DrillResult[] }).drills;
  if (result === undefined) throw new Error(stderr);
  expectNothingOutside(name);
  return { exitCode, stderr, result, counts: countsOf(result) };
}

/** `refused/succeeded/unclear` of each kind that was tried. */
function countsOf({ attack }: DrillResult): Record<string, string> {
  const tried = attack?.tried.filter((one) => one.tried > 0) ?? [];
  return Object.fromEntries(
    tried.map(({ kind, refused, succeeded, unclear }) => [
      kind,
      `${refused}/${succeeded}/${unclear}`,
    ]),
  );
}

/** Of the destination nothing is changed but the journal, the records and the place of the drill. */
function expectNothingOutside(name: string): void {
  const own = [JOURNAL_FOLDER, '.mangamotion-drill-records', '.mangamotion-drill-ransom'];
  const changed = proxy.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method));
  expect(changed.length).toBeGreaterThan(0);
  for (const { method, path } of changed) {
    // The bulk request names its keys in its body; the place of the drill checks them.
    if (method === 'POST' && /^\/[^/]+\/?\?delete/.test(path)) continue;
    const isOwn = own.some((one) => path.startsWith(`/${target}/${name}/${one}/`));
    expect(isOwn, `${method} ${path}`).toBe(true);
  }
}

async function versionsIn(name: string) {
  return await store.listVersions(target, `${name}/${RANSOM}`);
}

async function journal(name: string) {
  const keys: string[] = [];
  for await (const page of store.listObjects(target, { prefix: `${name}/${JOURNAL_FOLDER}/` })) {
    keys.push(...page.map(({ key }) => key));
  }
  return await Promise.all(
    keys.map(async (key) => decodeEntry((await readObject(store, target, key)).toString())),
  );
}

async function drillBuckets(): Promise<string[]> {
  const names = (await store.listBuckets()).map(({ name }) => name);
  return names.filter((name) => name.startsWith(PREFIX));
}

/** Locks what a backup needs as `--lock-days` does, for minutes: a day would outlast the tests. */
async function lockFiles(name: string, mode: Retention['mode']): Promise<void> {
  const until = new Date(Date.now() + 10 * 60_000).toISOString();
  const files = (await store.listVersions(target, `${name}/minio_backup_`)).filter(
    ({ isLatest, isDeleteMarker }) => isLatest && !isDeleteMarker,
  );
  for (const { key, versionId } of files) {
    await store.putRetention(target, key, { mode, until }, { versionId });
  }
}

describe('drill ransom', { timeout: 180_000 }, () => {
  it('is met where the locks hold, not proven where the server fails, and leaves locked copies', async () => {
    await backUp('held', 'full');
    await seed(store, source, [{ key: 'a', content: noise(4000, 'newer') }]);
    const id = await backUp('held', 'incremental');
    await lockFiles('held', 'COMPLIANCE');
    const { exitCode, stderr, result, counts } = await drill('held');
    expect(result, stderr).toMatchObject({
      ...{ verdict: 'met', backup: id, objects: 3, bytes: VIDEO_BYTES + 204_000, differences: [] },
      attack: { files: 4, locked: 4, mode: 'COMPLIANCE', may_delete: true },
    });
    expect(exitCode).toBe(0);
    expect(result.rpo_seconds).toBeGreaterThan(0);
    const [refused, done] = ['4/0/0', '0/4/0'];
    expect(counts).toEqual({
      ...{ end_lock: refused, end_lock_bypass: refused, remove_lock: refused },
      ...{ remove_lock_bypass: refused, overwrite: done, delete: done },
      ...{ delete_version: refused, delete_version_bypass: refused },
      ...{ delete_in_bulk: refused, delete_in_bulk_bypass: refused },
    });
    expect(await versionsIn('held')).toHaveLength(4);
    expect(await journal('held')).toMatchObject([
      { drill: { rehearsal: { ended: true, locked_until: result.attack?.left_until } } },
    ]);
    expect(await drillBuckets()).toEqual([]);

    proxy.setPlan(failing);
    const failed = await drill('held');
    expect(failed.result, failed.stderr).toMatchObject({
      verdict: 'not_proven',
      rpo_seconds: null,
    });
    expect(failed.result.reason).toMatch(/neither refused nor carried out, such as delete.*500/);
    expect(failed.counts.delete_version).toBe('0/0/4');
    expect(failed.exitCode).toBe(3);
    proxy.setPlan(() => undefined);
  });

  it('is missed where the keys may bypass the locks', async () => {
    await backUp('bypassed', 'full', '--lock-days', '1');
    const { exitCode, result, counts } = await drill('bypassed');
    expect(result).toMatchObject({
      ...{ verdict: 'missed', rto_seconds: null, rpo_seconds: null, objects: 0 },
      attack: { files: 2, locked: 2, mode: 'GOVERNANCE', left: null, left_until: null },
    });
    expect(result.reason).toMatch(
      /^these keys deleted 2 of 2 locked files for good, because they may bypass GOVERNANCE.*BypassGovernanceRetention/,
    );
    expect(counts).toMatchObject({ end_lock: '2/0/0', end_lock_bypass: '0/2/0' });
    expect(exitCode).toBe(5);
    expect(await versionsIn('bypassed')).toEqual([]);
    expect(await journal('bypassed')).toEqual([]);
  });

  it('is missed without locks, and cleared after kill -9 by the next drill of any scenario', async () => {
    await backUp('open', 'full');
    const { exitCode, result, counts } = await drill('open');
    expect(result).toMatchObject({
      verdict: 'missed',
      attack: { locked: 0, mode: null, left: null },
    });
    expect(result.reason).toMatch(/^2 of 2 files of the newest backup are not locked.*--lock-days/);
    expect(counts).toEqual({ overwrite: '0/2/0', delete: '0/2/0', delete_version: '0/2/0' });
    expect(exitCode).toBe(5);
    expect(await versionsIn('open')).toEqual([]);

    for (const at of [/PUT .*tar\.gz$/, /DELETE .*json$/]) {
      let held = 0;
      proxy.setPlan(({ method, path }) => {
        if (!path.includes(RANSOM) || !at.test(`${method} ${path}`)) return undefined;
        held += 1;
        return { kind: 'ignore' };
      });
      const program = runProcess(drillArgs('open'), { env });
      await waitUntil('the request', [], () => Promise.resolve(held > 0));
      program.kill('SIGKILL');
      await program;
      proxy.setPlan(() => undefined);
      expect(await journal('open')).toHaveLength(1);
      const next = ['drill', 'object', place('open'), '--into', PREFIX, '--state-dir', folder];
      expect(await run(next, { env })).toMatchObject({ exitCode: 0 });
      expect(await versionsIn('open')).toEqual([]);
      expect(await journal('open')).toEqual([]);
    }
    const verified = await run(['backup', 'verify', place('open'), '--latest'], { env });
    expect(verified).toMatchObject({ exitCode: 0 });
  });

  it.runIf(user !== undefined)('is met by keys that may delete nothing', async () => {
    const identity = join(folder, 'key');
    const made = await runJson<{ recipient: string }>(['key', 'new', identity], { env });
    await backUp('append', 'full', '--recipient', made.answer.recipient);
    await lockFiles('append', 'GOVERNANCE');
    const policy = appendPolicy(target, user ?? NOBODY, ['s3:BypassGovernanceRetention']);
    const text = policy.toString().replace('"s3:ListBucket",', `"s3:ListBucket",${MORE_RIGHTS}`);
    await store.writeBucketDocument(target, 'policy', Buffer.from(text));
    const keys = {
      BACKUP_S3_ACCESS_KEY: user?.accessKey ?? '',
      BACKUP_S3_SECRET_KEY: user?.secretKey ?? '',
    };
    const { result, stderr, counts } = await drill('append', keys, '--identity', identity);
    expect(result, stderr + (result.reason ?? '')).toMatchObject({
      verdict: 'met',
      attack: { may_delete: false },
    });
    expect(counts).toMatchObject({ overwrite: '0/3/0', delete: '3/0/0', delete_in_bulk: '3/0/0' });
    // Of the copy and of the buckets, which these keys cannot take out of the journal.
    expect(await journal('append')).toHaveLength(2);
  });

  it('tells what it cannot prove, before it writes anything', async () => {
    const { exitCode, result } = await drill('held', {}, '--max-bytes', '1K');
    expect({ exitCode, verdict: result.verdict }).toEqual({ exitCode: 3, verdict: 'not_proven' });
    expect(result.reason).toContain('raise --max-bytes');
    const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
    await backUp('closed', 'full', '--recipient', recipient);
    const closed = await drill('closed');
    expect(closed.result).toMatchObject({ verdict: 'not_proven' });
    expect(closed.result.reason).toContain('--identity');
    expect(await run(['drill', 'ransom', folder], { env })).toMatchObject({ exitCode: 2 });
    const early = await run([...drillArgs('held'), '--lock-for', '2d'], { env });
    expect(early).toMatchObject({ exitCode: 2 });
  });

  it.each([
    ['closed', /is not locked/],
    ['bypassed', /^undefined$/],
    ['nothing', /no complete backup/],
  ])('drill all knows whether to attack %s', async (name, why) => {
    const destination = await openDestination(place(name), '', {
      openBackupStore: () => Promise.resolve(store),
      signal: new AbortController().signal,
    });
    expect(String(await whyNoRansom({ destination }, undefined))).toMatch(why);
  });

  it('leaves nothing once its locks have ended, and another drill has run', async () => {
    expect((await versionsIn('held')).length).toBeGreaterThan(3);
    const clearing = ['drill', 'object', place('held'), '--into', PREFIX];
    await waitUntil('the end of the locks', [], async () => {
      await run([...clearing, '--state-dir', folder], { env });
      return (await versionsIn('held')).length === 0 && (await journal('held')).length === 0;
    });
  });
});
