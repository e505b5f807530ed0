import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { LockState } from '../../../src/repository/lock-state.js';
import type { PruneReport } from '../../../src/repository/retention/prune.js';
import { REMOVED_TEXT } from '../../../src/repository/removal-mark.js';
import type { Summary } from '../../../src/repository/summary.js';
import {
  freshLockedBucket,
  removeLockedBucket,
} from '../../contract/object-store/locked-buckets.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { run, runJson, storeSettings } from '../../helpers/cli.js';
import { startFaultyProxy, type FaultPlan, type FaultyProxy } from '../../helpers/faulty-proxy.js';
import { listing, noise, seed } from '../../helpers/seed.js';
import { contentOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** Object locks of backups, on a real server that keeps them. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const DAY_MS = 86_400_000;
let source: string;
let target: string;
let proxy: FaultyProxy;
let env: Record<string, string>;

beforeAll(async () => {
  vi.stubEnv('XDG_STATE_HOME', folder);
  source = await freshBucket(store);
  target = await freshLockedBucket(store);
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  env = backupStoreSettings(proxy.endpoint);
  await seed(store, source, [{ key: 'a', content: noise(1000, 'a') }]);
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

const place = (prefix: string) => `s3://${target}/${prefix}`;

async function backUp(type: 'full' | 'incremental', to: string, ...more: string[]) {
  const args = ['backup', type, to, '--bucket', source, '--no-prune', ...more];
  return await runJson<Summary>(args, { env });
}

/** What is locked of a backup, by the endings of its files. */
async function locksOf(prefix: string, id: string): Promise<Record<string, string | null>> {
  const locks: Record<string, string | null> = {};
  const start = `${prefix}/${id}`;
  for (const { key, versionId, isDeleteMarker } of await store.listVersions(target, start)) {
    if (isDeleteMarker) continue;
    const retention = await store.getRetention(target, key, { versionId });
    const ending = key.slice(start.length);
    locks[ending] = retention === null ? null : `${retention.mode} ${retention.until}`;
  }
  return locks;
}

const seconds = (time: string) => time.replace(/\.\d+Z/, '.000Z');
const answersOnce = (isMeant: (asked: Parameters<FaultPlan>[0]) => boolean): FaultPlan => {
  let isOver = false;
  return (asked) => {
    if (isOver || !isMeant(asked)) return undefined;
    isOver = true;
    return { kind: 'answer', status: 403, code: 'AccessDenied' };
  };
};
const isExtension = ({ method, path }: { method: string; path: string }) =>
  method === 'PUT' && path.includes('retention');

describe('a backup with locks', () => {
  let full: Summary;

  it('locks its archive and its summary, and nothing else', async () => {
    const { exitCode, answer, stderr } = await backUp('full', place('one'), '--lock-days', '30');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    full = answer;
    const until = new Date(Date.parse(full.created_at) + 30 * DAY_MS).toISOString();
    expect(full.lock).toEqual({ mode: 'GOVERNANCE', until, unprotected: 0 });
    const lock = `GOVERNANCE ${seconds(until)}`;
    const found = await locksOf('one', full.id);
    expect(Object.entries(found).map(([ending, of]) => [ending, of && seconds(of)])).toEqual([
      ['.json', lock],
      ['.json.partial', null],
      ['.tar.gz', lock],
    ]);
    for (const { key, versionId, isDeleteMarker } of await store.listVersions(target, 'one/.')) {
      if (isDeleteMarker || key.includes('lock-proof')) continue;
      expect(await store.getRetention(target, key, { versionId })).toBeNull();
    }
  });

  it('has proved the locks of the server once, and remembers it', async () => {
    const file = readFileSync(join(folder, 'mangamotion', 'servers.json'), 'utf8');
    expect(file).toContain(`"${proxy.endpoint}/${target} GOVERNANCE"`);
    expect(file).toContain('"lock": "resists"');
    const before = proxy.requests.length;
    await backUp('full', place('other'), '--lock-days', '1');
    const asked = proxy.requests.slice(before);
    expect(asked.some(({ method, path }) => method === 'PUT' && path.includes('proof'))).toBe(
      false,
    );
  });

  it('extends the locks of what it refers to', async () => {
    await seed(store, source, [{ key: 'b', content: noise(1000, 'b') }]);
    const { exitCode, answer } = await backUp('incremental', place('one'), '--lock-days', '60');
    expect(exitCode).toBe(0);
    expect(answer.references).toEqual([full.id]);
    const until = seconds(answer.lock?.until ?? '');
    const found = await locksOf('one', full.id);
    expect([found['.json'], found['.tar.gz']].map((of) => seconds(of ?? ''))).toEqual([
      `GOVERNANCE ${until}`,
      `GOVERNANCE ${until}`,
    ]);
  });

  it('is compared with the retention by backup status', async () => {
    const env30 = { ...env, BACKUP_RETENTION_DAYS: '50' };
    const { exitCode, stdout } = await run(['backup', 'status', place('one')], { env: env30 });
    expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('(GOVERNANCE), 10 days more than it is kept');
  });

  it('tries again where the server refuses to extend a lock at first', async () => {
    proxy.setPlan(answersOnce(isExtension));
    const { exitCode, answer } = await backUp('incremental', place('one'), '--lock-days', '70');
    expect({ exitCode, lock: answer.lock?.unprotected }).toEqual({ exitCode: 0, lock: 0 });
  });

  it('is partial where locks cannot be extended, names the files, and stays', async () => {
    proxy.setPlan((asked) =>
      isExtension(asked) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    );
    const { exitCode, answer } = await backUp('incremental', place('one'), '--lock-days', '80');
    expect(exitCode).toBe(3);
    expect(answer.status).toBe('complete');
    expect(answer.lock?.unprotected).toBe(2 * answer.references.length);
    expect(answer.notices.join('\n')).toContain(`${full.id}.tar.gz is not locked until`);
    expect(answer.notices.join('\n')).toContain('s3:PutObjectRetention');
    proxy.setPlan(() => undefined);
    const verified = await run(['backup', 'verify', `${place('one')}/${answer.id}`], { env });
    expect(verified).toMatchObject({ exitCode: 0 });
  });

  it('locks an archive in parts', async () => {
    const large = { key: 'large', content: noise(6_000_000, 'large') };
    await seed(store, source, [large]);
    const { exitCode, answer } = await backUp('full', place('parts'), '--lock-days', '2');
    expect(exitCode).toBe(0);
    expect((await locksOf('parts', answer.id))['.tar.gz']).toContain('GOVERNANCE');
    await store.deleteObject(source, 'large');
  });

  it('is locked for as long as it is kept with --lock alone, and by the setting', async () => {
    const days = ({ answer }: { answer: Summary }) =>
      (Date.parse(answer.lock?.until ?? '') - Date.parse(answer.created_at)) / DAY_MS;
    expect(days(await backUp('full', place('days'), '--lock', '--keep-days', '9'))).toBe(9);
    env = { ...env, BACKUP_LOCK_DAYS: '4' };
    expect(days(await backUp('full', place('days')))).toBe(4);
    const { BACKUP_LOCK_DAYS, ...rest } = env;
    expect(BACKUP_LOCK_DAYS).toBe('4');
    env = rest;
  });
});

it('is made with a notice where the keys may delete no version, and nothing is proved', async () => {
  vi.stubEnv('XDG_STATE_HOME', join(folder, 'append-only'));
  proxy.setPlan(({ method, path }) =>
    method === 'DELETE' && path.includes('versionId=')
      ? { kind: 'answer', status: 403, code: 'AccessDenied' }
      : undefined,
  );
  const { exitCode, answer } = await backUp('full', place('append'), '--lock-days', '1');
  expect(exitCode).toBe(0);
  expect(answer.notices.join()).toContain('it is not proved that it keeps them');
  const file = readFileSync(join(folder, 'append-only', 'mangamotion', 'servers.json'), 'utf8');
  expect(file).toContain('"lock": "unproved"');
  vi.stubEnv('XDG_STATE_HOME', folder);
});

describe('prune', () => {
  const prune = (...more: string[]) =>
    runJson<PruneReport>(['backup', 'prune', place('prune'), '--keep-last', '1', ...more], { env });
  let old: string;
  let locked: string;

  it('leaves a locked backup whole, and says until when it stays', async () => {
    old = (await backUp('full', place('prune'))).answer.id;
    const { answer: full } = await backUp('full', place('prune'), '--lock-days', '3');
    locked = full.id;
    const newest = (await backUp('full', place('prune'))).answer.id;
    const shown = await run(['backup', 'prune', place('prune'), '--keep-last', '1', '--dry-run'], {
      env,
    });
    expect(shown.stdout).toContain(`retained until ${full.lock?.until}`);
    const { exitCode, answer } = await prune();
    expect(exitCode).toBe(0);
    expect(answer.retained).toEqual([{ id: locked, until: full.lock?.until }]);
    expect(answer.removed.map(({ id }) => id)).toEqual([old]);
    const left = (await listing(store, target)).map(({ key }) => key);
    expect(left.filter((key) => key.startsWith('prune/minio')).sort()).toEqual(
      [locked, newest].sort().flatMap((id) => [`prune/${id}.json`, `prune/${id}.tar.gz`]),
    );
  });

  it('asks the server about locks that no summary names', async () => {
    const { answer: full } = await backUp('full', place('asked'));
    await backUp('full', place('asked'));
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const retention = { mode: 'GOVERNANCE', until } as const;
    await store.putRetention(target, `asked/${full.id}.tar.gz`, retention);
    const args = ['backup', 'prune', place('asked'), '--keep-last', '1'];
    const { exitCode, answer } = await runJson<PruneReport>(args, { env });
    expect({ exitCode, removed: answer.removed }).toEqual({ exitCode: 0, removed: [] });
    expect(answer.retained.map(({ id }) => id)).toEqual([full.id]);
  });

  it('purges no version of a backup of which one is locked', async () => {
    for (const ending of ['.json', '.tar.gz']) {
      await store.deleteObject(target, `prune/${locked}${ending}`);
    }
    await store.putObject(target, `prune/${locked}.json.partial`, contentOf(REMOVED_TEXT));
    await store.deleteObject(target, `prune/${locked}.json.partial`);
    const before = await store.listVersions(target, `prune/${locked}`);
    const { exitCode, answer } = await prune('--purge-versions');
    expect(exitCode).toBe(0);
    expect(answer.purged?.removed_before.map(({ id }) => id)).toEqual([old]);
    expect(answer.purged?.retained.map(({ id }) => id)).toEqual([locked]);
    expect(await store.listVersions(target, `prune/${locked}`)).toEqual(before);
  });
});

describe('the lock that is shown', () => {
  interface Shown extends Summary {
    held_lock?: { until: string | null; unlocked: number };
  }
  const show = async (backup: string) =>
    (await runJson<Shown>(['backup', 'show', backup], { env })).answer;

  it('is that of the server, and a copy has none', async () => {
    const { id, lock } = (await backUp('full', place('shown'), '--lock-days', '1')).answer;
    const shown = await show(`${place('shown')}/${id}`);
    expect(shown.lock).toEqual(lock);
    expect(shown.held_lock).toMatchObject({ mode: 'GOVERNANCE', unlocked: 0 });
    expect(seconds(shown.held_lock?.until ?? '')).toBe(seconds(lock?.until ?? ''));
    const listed = await run(['backup', 'list', place('shown'), '--csv'], { env });
    expect(listed.stdout).toContain(`,${lock?.until}`);

    // A server may take over locks where it copies by itself; a folder has none for certain.
    const copies = join(folder, 'copies');
    mkdirSync(copies);
    await run(['backup', 'copy', `${place('shown')}/${id}`, copies], { env });
    const copy = await show(join(copies, id));
    expect(copy.id).toBe(id);
    expect([copy.lock, copy.held_lock]).toEqual([undefined, undefined]);
    const people = await run(['backup', 'list', copies], { env });
    expect(people.stdout).not.toContain('lock set');
  });

  it('is told of copies as the server holds it', async () => {
    const { id } = (await backUp('full', place('from'), '--lock-days', '1')).answer;
    const warned = async (to: string, ...more: string[]) => {
      const args = ['backup', 'copy', `${place('from')}/${id}`, to, ...more];
      const { exitCode, stderr } = await run(args, { env });
      expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
      return /tell of locks at the source: (.*)/.exec(stderr)?.[1];
    };
    expect(await warned(place('sent'), '--stream')).toBe('the copies are not locked');
    const text = await warned(place('copied'));
    const held = Object.values(await locksOf('copied', id)).filter((until) => until !== null);
    // Ceph takes over the lock of what it copies whole.
    const isLocked =
      text === 'the server holds 1 file of the copies locked, and 1 file is not locked';
    expect([text, held.length]).toEqual([
      isLocked ? text : 'the copies are not locked',
      Number(isLocked),
    ]);
    proxy.setPlan(({ path }) =>
      /[?&]retention/.test(path)
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : undefined,
    );
    expect(await warned(place('unknown'), '--stream')).toBe('this run has not locked the copies');
  });
});

describe('keys that may not list versions, or read locks', () => {
  const deny: FaultPlan = ({ path }) =>
    /[?&](?:versions|retention|object-lock)/.test(path)
      ? { kind: 'answer', status: 403, code: 'AccessDenied' }
      : undefined;
  const denyVersions: FaultPlan = ({ path }) =>
    /[?&](?:versions|retention)/.test(path)
      ? { kind: 'answer', status: 403, code: 'AccessDenied' }
      : undefined;
  const statusOf = (prefix: string) =>
    runJson<{ locks: LockState | null }>(['backup', 'status', place(prefix)], { env });

  it.each([
    ['neither', deny],
    ['not the versions', denyVersions],
  ])('%s: status and prune are as they were before there were locks', async (_what, plan) => {
    const prefix = `denied-${_what.length}`;
    const old = (await backUp('full', place(prefix))).answer.id;
    await backUp('full', place(prefix));
    proxy.setPlan(plan);
    expect(await statusOf(prefix)).toMatchObject({ exitCode: 0, answer: { locks: null } });
    const args = ['backup', 'prune', place(prefix), '--keep-last', '1'];
    const { exitCode, answer } = await runJson<PruneReport>(args, { env });
    expect({ exitCode, removed: answer.removed.map(({ id }) => id) }).toEqual({
      ...{ exitCode: 0, removed: [old] },
    });
  });

  it('do not let what a summary calls locked be pruned, and status says that it is unknown', async () => {
    proxy.setPlan(denyVersions);
    const { exitCode, answer } = await statusOf('one');
    expect({ exitCode, status: answer.locks?.status }).toEqual({ exitCode: 3, status: 'unknown' });
    expect(answer.locks?.problem).toContain('s3:ListBucketVersions');
    const args = ['backup', 'prune', place('one'), '--keep-last', '1'];
    const pruned = await runJson<PruneReport>(args, { env });
    expect({ exitCode: pruned.exitCode, removed: pruned.answer.removed }).toEqual({
      ...{ exitCode: 0, removed: [] },
    });
    proxy.setPlan(deny);
    expect((await runJson<PruneReport>(args, { env })).answer.removed).toEqual([]);
  });
});

describe('is refused before anything is written', () => {
  it('for a bucket without object lock', async () => {
    const plain = await freshBucket(store);
    const { exitCode, stderr } = await run(
      ['backup', 'full', `s3://${plain}`, '--bucket', source, '--lock'],
      { env },
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 8 });
    expect(stderr).toContain('has no object lock');
    expect(await listing(store, plain)).toEqual([]);
    await removeBucket(store, plain);
  });

  it('for a bucket that would lock the files of the run lock', async () => {
    const locking = await freshLockedBucket(store);
    const rule =
      '<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>';
    const document = `<ObjectLockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`;
    await store.writeBucketDocument(locking, 'object-lock', Buffer.from(document));
    const { exitCode, stderr } = await run(
      ['backup', 'full', `s3://${locking}`, '--bucket', source, '--lock'],
      { env },
    );
    expect(exitCode).toBe(8);
    expect(stderr).toContain('locks every new object (GOVERNANCE, days: 1)');
    expect(stderr).toContain('default retention');
    expect(await store.listVersions(locking, '')).toEqual([]);
    await removeLockedBucket(locking);
  });

  it.each([
    ['deletes what is locked', 'DELETE', { status: 204, body: '' }, 'does not keep them'],
    ['shows no lock', 'GET', { status: 200, body: '' }, 'answered with no Retention'],
    [
      'shows a shorter lock',
      'GET',
      {
        status: 200,
        body: '<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2020-01-01T00:00:00Z</RetainUntilDate></Retention>',
      },
      'shows GOVERNANCE until 2020',
    ],
  ])('by a server that %s', async (_what, method, answer, words) => {
    vi.stubEnv('XDG_STATE_HOME', join(folder, `${method}${answer.body.length}`));
    const isAbout = method === 'GET' ? 'retention' : 'versionId=';
    proxy.setPlan((asked) =>
      asked.method === method && asked.path.includes('proof') && asked.path.includes(isAbout)
        ? { kind: 'answer', ...answer }
        : undefined,
    );
    const { exitCode, stderr } = await run(
      ['backup', 'full', place('refused'), '--bucket', source, '--lock-days', '3'],
      { env },
    );
    vi.stubEnv('XDG_STATE_HOME', folder);
    expect({ exitCode, stderr }).toMatchObject({
      exitCode: method === 'GET' && answer.body === '' ? 6 : 8,
    });
    expect(stderr).toContain(words);
    const keys = (await listing(store, target)).map(({ key }) => key);
    expect(keys.filter((key) => key.startsWith('refused/') && !key.includes('proof'))).toEqual([]);
  });

  it('for a folder, for COMPLIANCE of years, and for what is no number of days', async () => {
    const full = (...args: string[]) =>
      run(['backup', 'full', ...args, '--bucket', source], { env });
    expect(await full(folder, '--lock')).toMatchObject({ exitCode: 2 });
    const years = await full(place('years'), '--lock-days', '401', '--lock-mode', 'COMPLIANCE');
    expect(years).toMatchObject({ exitCode: 2 });
    expect(years.stderr).toContain('needs --yes');
    expect(await full(place('none'), '--lock-days', '0')).toMatchObject({ exitCode: 2 });
    expect(await full(place('none'), '--lock-mode', 'COMPLIANCE')).toMatchObject({ exitCode: 2 });
  });
});
