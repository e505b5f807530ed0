import { afterAll, beforeAll, expect, it } from 'vitest';
import type { PruneReport } from '../../../src/repository/retention/prune.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { run, runJson } from '../../helpers/cli.js';
import { noise, seed } from '../../helpers/seed.js';
import { contentOf, freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

const VERSIONING =
  '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';

const store = testStore();
const { folder, remove } = temporaryFolder();
let source: string;
let target: string;

beforeAll(async () => {
  source = await freshBucket(store);
  target = await freshBucket(store);
  await seed(store, source, [{ key: 'a', content: noise(1000, 'a') }]);
  await store.writeBucketDocument(target, 'versioning', Buffer.from(VERSIONING));
});
afterAll(async () => {
  for (const version of await store.listVersions(target, ''))
    await store.deleteVersion(target, version);
  await removeBucket(store, target);
  await removeBucket(store, source);
  store.close();
  remove();
});

it('backup prune --purge-versions removes the versions of what it removes, and no others', async () => {
  const env = backupStoreSettings();
  const place = `s3://${target}/backups`;
  const full = async (): Promise<string> => {
    const args = ['backup', 'full', place, '--bucket', source, '--no-prune'];
    const { exitCode, answer, stderr } = await runJson<{ id: string }>(args, { env });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    return answer.id;
  };
  const old = await full();
  const kept = await full();
  const strangers = [`backups/${old}.tar.gz.note`, 'backups/other', `elsewhere/${old}.json`];
  for (const key of strangers) {
    await store.putObject(target, key, contentOf('one'));
    await store.putObject(target, key, contentOf('two'));
    await store.deleteObject(target, key);
  }
  const versionsOf = async (part: string) =>
    (await store.listVersions(target, '')).filter(({ key }) => key.includes(part));
  const others = async () =>
    (await store.listVersions(target, '')).filter(
      ({ key }) => strangers.includes(key) || key.includes(kept),
    );
  const before = await others();
  expect(before.filter(({ key }) => strangers.includes(key))).toHaveLength(9);

  const args = ['backup', 'prune', place, '--keep-last', '1', '--purge-versions'];
  const dry = await runJson<PruneReport>([...args, '--dry-run'], { env });
  expect(dry.exitCode).toBe(0);
  expect(dry.answer.removed.map(({ id }) => id)).toEqual([old]);
  // The summary and the archive, at least.
  expect(dry.answer.purged?.versions).toBeGreaterThanOrEqual(2);
  expect(dry.answer.purged?.bytes).toBeGreaterThan(0);

  const done = await runJson<PruneReport>(args, { env });
  expect({ exitCode: done.exitCode, stderr: done.stderr }).toEqual({ exitCode: 0, stderr: '' });
  // Removing them adds a delete marker to each.
  expect(done.answer.purged?.versions).toBeGreaterThan(dry.answer.purged?.versions ?? 0);
  expect((await versionsOf(old)).filter(({ key }) => !strangers.includes(key))).toEqual([]);
  expect(await others()).toEqual(before);
  expect(await run(['backup', 'verify', `${place}/${kept}`], { env })).toMatchObject({
    exitCode: 0,
  });
});

it('is refused for a folder', async () => {
  const { exitCode, stderr } = await run(['backup', 'prune', folder, '--purge-versions']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--purge-versions');
});
