import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { isMangamotionError } from '../../src/errors.js';
import type { LockState } from '../../src/repository/lock-state.js';
import type { Summary } from '../../src/repository/summary.js';
import type { RestoreReport } from '../../src/restore/report.js';
import { freshLockedBucket, removeLockedBucket } from '../contract/object-store/locked-buckets.js';
import { temporaryFolder } from '../helpers/backups.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess, storeSettings } from '../helpers/cli.js';
import { forgeBackup } from '../helpers/forged-backups.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { listing, noise, seed } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/**
 * Somebody has the keys of the backup host, and does to the destination what the keys may do. What is
 * locked gives the last backup back, byte for byte.
 */

const store = testStore();
const { folder, remove } = temporaryFolder();
const objects = [
  { key: 'a', content: noise(3000, 'a') },
  { key: 'dir/b', content: noise(200_000, 'b') },
  { key: 'c', content: Buffer.alloc(0) },
];
const newer = { key: 'a', content: noise(4000, 'newer') };
let source: string;
let target: string;
let proxy: FaultyProxy;
let env: Record<string, string>;
let place: string;
let last: Summary;
let storedAt: string;

beforeAll(async () => {
  vi.stubEnv('XDG_STATE_HOME', folder);
  source = await freshBucket(store);
  target = await freshLockedBucket(store);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  env = backupStoreSettings(proxy.endpoint);
  place = `s3://${target}/backups`;
  await seed(store, source, objects);
  await backUp('full');
  await seed(store, source, [newer]);
  last = await backUp('incremental');
  const [summary] = await store.listVersions(target, `backups/${last.id}.json`);
  storedAt = summary?.lastModified ?? '';
  await ransom();
});
afterEach(() => proxy.setPlan(() => undefined));
afterAll(async () => {
  vi.unstubAllEnvs();
  await removeLockedBucket(target);
  await removeBucket(store, source);
  await proxy.close();
  store.close();
  remove();
});

async function backUp(type: string, to = place, more: string[] = [], days = 7): Promise<Summary> {
  const lock = ['--lock-days', String(days)];
  const args = ['backup', type, to, '--bucket', source, ...lock, '--no-prune', ...more];
  const { exitCode, answer, stderr } = await runJson<Summary>(args, { env });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return answer;
}

/** Overwrites everything, puts delete markers over it, and deletes each version that can be deleted. */
async function ransom(): Promise<void> {
  const keys = (await listing(store, target)).map(({ key }) => key);
  expect(keys.length).toBeGreaterThan(3);
  for (const key of keys) await store.putObject(target, key, contentOf('pay up'));
  for (const key of keys.slice(0, -1)) await store.deleteObject(target, key);
  const kept: string[] = [];
  for (const version of await store.listVersions(target, '')) {
    const { key, versionId, isDeleteMarker } = version;
    if (isDeleteMarker || !key.includes(last.id) || key.endsWith('.partial')) continue;
    const until = new Date(Date.now() + 2000).toISOString();
    const shorter = { mode: 'GOVERNANCE', until } as const;
    await store.putRetention(target, key, shorter, { versionId }).catch(() => undefined);
  }
  for (const version of await store.listVersions(target, '')) {
    if (version.isDeleteMarker || version.sizeBytes === 6) continue;
    try {
      await store.deleteVersion(target, version);
    } catch (error) {
      if (!isMangamotionError(error, 'access_denied')) throw error;
      kept.push(version.key);
    }
  }
  expect(kept.filter((key) => key.startsWith('backups/minio_backup_'))).toHaveLength(4);
}

describe('after ransom', () => {
  it('the destination has no backup, and its past has all', async () => {
    const now = await runJson<{ backups: { problem?: string }[] }>(['backup', 'list', place], {
      env,
    });
    expect(now.answer.backups.filter(({ problem }) => problem === undefined)).toEqual([]);
    const args = ['backup', 'list', place, '--as-stored-at', storedAt];
    const then = await runJson<{ backups: { id: string }[] }>(args, { env });
    expect({ ...then, answer: then.answer.backups.map(({ id }) => id) }).toEqual({
      ...{ exitCode: 0, stderr: '' },
      answer: [last.parent, last.id],
    });
  });

  it('the last backup verifies, shows and restores, byte for byte', async () => {
    const past = ['--latest', '--as-stored-at', storedAt];
    expect(await run(['backup', 'verify', place, ...past], { env })).toMatchObject({ exitCode: 0 });
    expect(await run(['backup', 'show', place, ...past], { env })).toMatchObject({ exitCode: 0 });
    const back = freshBucketName();
    const args = ['restore', place, ...past, '--as', `${source}=${back}`, '--yes'];
    const { exitCode, stderr } = await runJson<RestoreReport>(args, { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const found = await Promise.all(
      (await listing(store, back)).map(async ({ key }) => [
        key,
        await readObject(store, back, key),
      ]),
    );
    const wanted = [...objects.slice(1), newer].map(({ key, content }) => [key, content]);
    expect(Object.fromEntries(found)).toEqual(Object.fromEntries(wanted));
    await removeBucket(store, back);
  });

  it('the last backup can be copied to a folder, and compared', async () => {
    const copies = join(folder, 'copies');
    mkdirSync(copies);
    const past = ['--latest', '--as-stored-at', storedAt];
    const copy = await run(['backup', 'copy', place, copies, ...past], { env });
    expect(copy).toMatchObject({ exitCode: 0 });
    expect(await run(['backup', 'verify', copies, '--latest'], { env })).toMatchObject({
      exitCode: 0,
    });
    const diff = ['backup', 'diff', place, copies, ...past, '--exit-code'];
    expect(await run(diff, { env })).toMatchObject({ exitCode: 0 });
    const folders = ['backup', 'diff', copies, copies, ...past];
    expect(await run(folders, { env })).toMatchObject({ exitCode: 2 });
  });

  it('nothing is written to the past', async () => {
    const args = ['backup', 'verify', place, '--within', '30d', '--as-stored-at', storedAt];
    expect(await run(args, { env })).toMatchObject({ exitCode: 2 });
    const methods = proxy.requests.length;
    await run(['backup', 'verify', place, '--latest', '--as-stored-at', storedAt], { env });
    const asked = proxy.requests.slice(methods).map(({ method }) => method);
    expect(new Set(asked)).toEqual(new Set(['GET']));
  });

  it('before the first backup there was none', async () => {
    const args = ['backup', 'list', place, '--as-stored-at', '2020-01-01'];
    const { exitCode, answer } = await runJson<{ backups: unknown[] }>(args, { env });
    expect({ exitCode, backups: answer.backups }).toEqual({ exitCode: 0, backups: [] });
  });
});

describe('what tells of it', () => {
  it('backup status says what is hidden, and what to run', async () => {
    const args = ['backup', 'status', place];
    const { exitCode, answer } = await runJson<{ locks: LockState }>(args, { env });
    expect({ exitCode, status: answer.locks.status }).toEqual({ exitCode: 5, status: 'hidden' });
    expect(answer.locks.hidden.map(({ by }) => by).sort()).toEqual([
      ...['deletion', 'deletion', 'deletion', 'overwrite'],
    ]);
    const { stdout } = await run(args, { env });
    const [, time = ''] = /--as-stored-at (\S+)/.exec(stdout.replaceAll(/\s+/g, ' ')) ?? [];
    const list = ['backup', 'list', place, '--as-stored-at', time];
    const then = await runJson<{ backups: { id: string }[] }>(list, { env });
    expect(then.answer.backups.map(({ id }) => id)).toEqual([last.parent, last.id]);
  });
});

describe('after ransom that also extended each lock', () => {
  const FORGED = 'minio_backup_full_20240115_020000';
  const trust = '--trust-first-versions';
  let attacked: string;
  let full: Summary;
  let incremental: Summary;
  /** When the first was complete, and when the second was. */
  let times: { between: string; after: string };
  let signed: Record<string, string>;

  beforeAll(async () => {
    attacked = `s3://${target}/extended`;
    const key = join(folder, 'signing.key');
    expect(await run(['key', 'new', '--signing', key], { env })).toMatchObject({ exitCode: 0 });
    signed = { ...env, BACKUP_SIGNER: `${key}.pub` };
    full = await backUp('full', attacked, ['--signing-key', key]);
    const between = await timeOf(`${full.id}.json`);
    await seed(store, source, [{ key: 'a', content: noise(5000, 'newest') }]);
    incremental = await backUp('incremental', attacked, ['--signing-key', key]);
    times = { between, after: await timeOf(`${incremental.id}.json`) };
    await extendAndHide();
    await forge();
  });

  async function timeOf(name: string): Promise<string> {
    const [version] = await store.listVersions(target, `extended/${name}`);
    return version?.lastModified ?? '';
  }

  /** Hides one file; then extends the lock of each other one, and hides it. */
  async function extendAndHide(): Promise<void> {
    const originals = (await store.listVersions(target, 'extended/minio_backup_')).filter(
      ({ isDeleteMarker, key }) => !isDeleteMarker && !key.endsWith('.partial'),
    );
    expect(originals).toHaveLength(6);
    const first = `extended/${full.id}.tar.gz`;
    await store.deleteObject(target, first);
    const until = new Date(Date.now() + 7 * 86_400_000 + 3_600_000).toISOString();
    for (const [index, { key, versionId }] of originals.entries()) {
      if (key === first) continue;
      await store.putRetention(target, key, { mode: 'GOVERNANCE', until }, { versionId });
      if (index % 2 === 0) await store.putObject(target, key, contentOf('pay up'));
      else await store.deleteObject(target, key);
    }
  }

  /** Puts a backup beside them that was never made, under a name of the past. */
  async function forge(): Promise<void> {
    const forged = join(folder, 'forged');
    mkdirSync(forged);
    expect(await forgeBackup(forged, 'tar', {})).toBe(FORGED);
    for (const suffix of ['.tar.gz', '.json']) {
      const content = contentOf(readFileSync(join(forged, FORGED + suffix)));
      await store.putObject(target, `extended/${FORGED}${suffix}`, content);
    }
  }

  const listed = (at: string, values: Record<string, string>, ...more: string[]) =>
    runJson<{ backups: { id: string; problem?: string }[] }>(
      ['backup', 'list', attacked, '--as-stored-at', at, ...more],
      { env: values },
    );
  const usable = async (...args: Parameters<typeof listed>): Promise<string[]> =>
    (await listed(...args)).answer.backups
      .filter(({ problem }) => problem === undefined)
      .map(({ id }) => id);

  it('what its time does not prove is left out, by name and with the reason', async () => {
    const { exitCode, answer } = await listed(times.after, env);
    expect(exitCode).toBe(3);
    expect(answer.backups.map(({ id }) => id).sort()).toEqual(
      [FORGED, full.id, incremental.id].sort(),
    );
    for (const { problem } of answer.backups) expect(problem).toContain(trust);
    const past = ['--as-stored-at', times.after];
    const latest = await run(['restore', attacked, '--latest', '--yes', ...past], { env });
    expect(latest).toMatchObject({ exitCode: 4 });
    expect(latest.stderr).toContain(trust);
    const named = `${attacked}/${incremental.id}`;
    const restore = await run(['restore', named, '--yes', ...past], { env: signed });
    expect(restore).toMatchObject({ exitCode: 8 });
    expect(restore.stderr).toContain(trust);
  });

  it('a signature does not prove a time by itself: the key may be stolen too', async () => {
    const { answer } = await listed(times.after, signed);
    const signedOnes = answer.backups.map(({ id, problem = '' }) => [
      id,
      /is (not )?signed/.exec(problem)?.[0],
    ]);
    expect(Object.fromEntries(signedOnes)).toEqual({
      [FORGED]: 'is not signed',
      [full.id]: 'is signed',
      [incremental.id]: 'is signed',
    });
  });

  it('first versions are trusted on demand, and then only signed ones where there are signers', async () => {
    expect((await usable(times.after, env, trust)).sort()).toEqual(
      [FORGED, full.id, incremental.id].sort(),
    );
    expect(await usable(times.after, signed, trust)).toEqual([full.id, incremental.id]);
    const { stderr } = await run(
      ['backup', 'list', attacked, '--as-stored-at', times.after, trust],
      { env },
    );
    expect(stderr).toContain('forged');
  });

  it('a time before the second backup gives the first', async () => {
    expect(await usable(times.between, signed, trust)).toEqual([full.id]);
  });

  it('the last signed backup verifies, and restores byte for byte', async () => {
    const past = ['--latest', '--as-stored-at', times.after, trust];
    expect(await run(['backup', 'verify', attacked, ...past], { env: signed })).toMatchObject({
      exitCode: 0,
    });
    const copies = join(folder, 'extended-copies');
    mkdirSync(copies);
    expect(await run(['backup', 'copy', attacked, copies, ...past], { env: signed })).toMatchObject(
      { exitCode: 0 },
    );
    const back = freshBucketName();
    const args = ['restore', attacked, ...past, '--as', `${source}=${back}`, '--yes'];
    expect(await run(args, { env: signed })).toMatchObject({ exitCode: 0 });
    const newest = [...objects.slice(1), { key: 'a', content: noise(5000, 'newest') }];
    for (const { key, content } of newest) {
      expect((await readObject(store, back, key)).equals(content)).toBe(true);
    }
    await removeBucket(store, back);
  });

  it('backup status names a command that works', async () => {
    const { stdout } = await run(['backup', 'status', attacked], { env });
    const [, time = '', more = ''] =
      /--as-stored-at (\S+) ?(--\S+)?/.exec(stdout.replaceAll(/\s+/g, ' ')) ?? [];
    expect(more).toBe(trust);
    expect(await usable(time, signed, more)).toEqual([full.id, incremental.id]);
    const status = await runJson<{ locks: LockState }>(['backup', 'status', attacked], { env });
    expect(status.answer.locks).toMatchObject({
      as_stored_at: time,
      later: [full.id, incremental.id].sort(),
    });
  });

  it('the option is refused without a time', async () => {
    expect(await run(['backup', 'list', attacked, trust], { env })).toMatchObject({ exitCode: 2 });
  });
});

it('a backup whose time is proven is whole, although the locks of what it refers to were extended later', async () => {
  const older = `s3://${target}/older`;
  const full = await backUp('full', older);
  const contents: Buffer[] = [];
  const backups: Summary[] = [];
  for (const [index, name] of ['second', 'third'].entries()) {
    contents.push(noise(3000, name));
    await seed(store, source, [{ key: 'a', content: noise(3000, name) }]);
    backups.push(await backUp('incremental', older, [], 7 + index));
  }
  const [second, third] = backups;
  expect(third?.references).toEqual([full.id]);
  const [summary] = await store.listVersions(target, `older/${second?.id ?? ''}.json`);
  for (const { key } of await listing(store, target)) {
    if (key.startsWith('older/')) await store.deleteObject(target, key);
  }
  const past = ['--as-stored-at', summary?.lastModified ?? ''];
  const list = await runJson<{ backups: { id: string; problem?: string }[] }>(
    ['backup', 'list', older, ...past],
    { env },
  );
  const problems = list.answer.backups.map(({ id, problem }) => [id, problem !== undefined]);
  expect(Object.fromEntries(problems)).toEqual({ [full.id]: true, [second?.id ?? '']: false });
  const verified = await run(['backup', 'verify', older, '--latest', ...past], { env });
  expect(verified).toMatchObject({ exitCode: 0 });
  const back = freshBucketName();
  const args = ['restore', older, '--latest', ...past, '--as', `${source}=${back}`, '--yes'];
  expect(await run(args, { env })).toMatchObject({ exitCode: 0 });
  expect((await readObject(store, back, 'a')).equals(contents[0]!)).toBe(true);
  expect(await readObject(store, back, 'dir/b')).toEqual(objects[1]?.content);
  await removeBucket(store, back);
});

it('a run that is killed before its summary is written leaves no backup, and nothing that looks hidden', async () => {
  const killed = `${place}-killed`;
  const args = ['backup', 'full', killed, '--bucket', source, '--lock-days', '7', '--no-prune'];
  let held = 0;
  proxy.setPlan(({ method, path }) => {
    if (method !== 'PUT' || !/backups-killed\/minio_backup_full_\d+_\d+\.json$/.test(path)) {
      return undefined;
    }
    held += 1;
    return { kind: 'ignore' };
  });
  const program = runProcess(args, { env });
  await waitUntil('the summary', [], () => Promise.resolve(held > 0));
  program.kill('SIGKILL');
  await program;
  proxy.setPlan(() => undefined);
  const { exitCode, answer } = await runJson<Summary>([...args, '--wait-lock', '5m'], { env });
  expect(exitCode).toBe(0);
  const names = (await listing(store, target)).map(({ key }) => key);
  expect(names.filter((key) => key.startsWith('backups-killed/minio'))).toEqual([
    `backups-killed/${answer.id}.json`,
    `backups-killed/${answer.id}.tar.gz`,
  ]);
  const status = await runJson<{ locks: LockState }>(['backup', 'status', killed], { env });
  expect(status.answer.locks).toMatchObject({ status: 'ok', hidden: [], short: [] });
});

describe('--as-stored-at is refused', () => {
  it('for a folder, and for what is no time', async () => {
    const list = (...args: string[]) => run(['backup', 'list', ...args], { env });
    expect(await list(folder, '--as-stored-at', '1h')).toMatchObject({ exitCode: 2 });
    expect(await list(place, '--as-stored-at', 'yesterday')).toMatchObject({ exitCode: 2 });
    const named = ['backup', 'show', `${folder}/${last.id}`, '--as-stored-at', '1h'];
    expect(await run(named, { env })).toMatchObject({ exitCode: 2 });
  });

  it('for a bucket without versions', async () => {
    const args = ['backup', 'list', `s3://${source}`, '--as-stored-at', '1h'];
    const { exitCode, stderr } = await run(args, { env });
    expect(exitCode).toBe(8);
    expect(stderr).toContain('keeps no older versions');
  });
});
