import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { VerifyResult } from '../../../src/backup/verify/result.js';
import type { CopyReport } from '../../../src/repository/copy/copy-report.js';
import type { LockState } from '../../../src/repository/lock-state.js';
import type { PruneReport } from '../../../src/repository/retention/prune.js';
import type { DestinationStatus } from '../../../src/repository/status.js';
import { S3Destination } from '../../../src/repository/s3/s3-destination.js';
import { storedBytesOf } from '../../../src/repository/parts.js';
import {
  freshLockedBucket,
  removeLockedBucket,
} from '../../contract/object-store/locked-buckets.js';
import { temporaryFolder } from '../../helpers/backups.js';
import {
  type MadeOfParts,
  makeOfParts,
  makePart,
  objectsOf,
} from '../../helpers/backups-of-parts.js';
import { backupStoreSettings } from '../../helpers/backup-store.js';
import { run, runJson, storeSettings } from '../../helpers/cli.js';
import { namesAt } from '../../helpers/s3-destinations.js';
import { freshBucket, removeBucket, testStore } from '../../helpers/test-store.js';

/** Backups of parts in a bucket with versions and locks. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const env = backupStoreSettings(storeSettings().MINIO_ENDPOINT ?? '');
const DAY_MS = 86_400_000;
const OLD = '2024-01-01T02:00:00.000Z';
const NEW = '2024-01-02T02:00:00.000Z';
let locked: string;
let plain: string;
let restored: string;

beforeAll(async () => {
  vi.stubEnv('XDG_STATE_HOME', folder);
  locked = await freshLockedBucket(store);
  [plain, restored] = [await freshBucket(store), await freshBucket(store)];
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await removeLockedBucket(locked);
  await removeBucket(store, plain);
  await removeBucket(store, restored);
  store.close();
  remove();
});

const urlOf = (bucket: string, prefix: string) => `s3://${bucket}/${prefix}`;

function destinationAt(bucket: string, prefix: string): S3Destination {
  const { signal } = new AbortController();
  const url = urlOf(bucket, prefix);
  return new S3Destination({ url, bucket, prefix: `${prefix}/`, store, signal });
}

const full = (destination: S3Destination, at = OLD, sequence = 1): Promise<MadeOfParts> =>
  makeOfParts(destination, { at, sequence, shards: [objectsOf('a'), objectsOf('b')] });

const filesOf = (made: MadeOfParts, names: readonly string[]) =>
  names.filter((name) => name.startsWith(made.id));

describe('a backup of parts in a bucket', () => {
  it('is listed, verified, restored, copied by the server, and repaired', async () => {
    const made = await full(destinationAt(plain, 'one'));
    const place = urlOf(plain, 'one');
    const verified = await runJson<VerifyResult>(['backup', 'verify', `${place}/${made.id}`], {
      env,
    });
    expect(verified.answer).toMatchObject({ status: 'ok', objects: 6, problems: [] });
    const status = await runJson<DestinationStatus>(['backup', 'status', place], { env });
    expect(status.answer.archive_bytes).toBe(storedBytesOf(made.summary));
    const shown = await run(['backup', 'show', `${place}/${made.id}`], { env });
    expect(shown.stdout).toMatch(/parts +2, /);
    const listed = await runJson<{ backups: object[] }>(['backup', 'list', place], { env });
    expect(listed.answer.backups).toMatchObject([
      { id: made.id, references: [], part_count: 2, stored_bytes: storedBytesOf(made.summary) },
    ]);
    const into = ['--bucket', 'sample', '--as', `sample=${restored}`, '--yes'];
    const back = await run(['restore', `${place}/${made.id}`, ...into], {
      env: { ...env, ...storeSettings() },
    });
    expect({ exitCode: back.exitCode, stderr: back.stderr }).toMatchObject({ exitCode: 0 });
    const object = await store.headObject(restored, 'a/0001', {});
    expect(object.sizeBytes).toBe(objectsOf('a')[1]?.content.length);

    const to = urlOf(plain, 'two');
    const copied = await runJson<CopyReport>(['backup', 'copy', place, to, '--all'], { env });
    expect(copied.answer.backups).toMatchObject([{ state: 'copied', by: 'server' }]);
    expect(await namesAt(store, { bucket: plain, prefix: 'two/' })).toEqual(
      await namesAt(store, { bucket: plain, prefix: 'one/' }),
    );
    const [part] = made.parts;
    await store.deleteObject(plain, `two/${part?.id}.tar.gz`);
    const broken = await runJson<VerifyResult>(['backup', 'verify', `${to}/${made.id}`], { env });
    expect(broken.answer.problems).toMatchObject([{ kind: 'archive_missing' }]);
    const told = await runJson<DestinationStatus>(['backup', 'status', to], { env });
    expect(told.answer.chains.problems).toMatchObject([
      { id: made.id, kind: 'archive_missing', message: `the part ${part?.id} is missing` },
    ]);
    const again = await runJson<CopyReport>(['backup', 'copy', place, to, '--all'], { env });
    expect(again.answer.backups).toMatchObject([{ state: 'repaired' }]);
    const named = await run(['backup', 'verify', `${to}/${part?.id}.tar.gz`], { env });
    expect(named.exitCode).toBe(2);
    expect(named.stderr).toContain(`is a part of ${made.id}`);
  });

  it('goes with its parts, and with their versions', async () => {
    const destination = destinationAt(locked, 'purged');
    const old = await full(destination);
    await makePart(destination, { at: OLD }, objectsOf('a'), 0);
    const kept = await full(destination, NEW, 2);
    const place = urlOf(locked, 'purged');
    const args = ['backup', 'prune', place, '--keep-last', '1', '--yes'];
    const report = await runJson<PruneReport>(args, { env });
    expect(report.answer.parts?.removed).toMatchObject([{ backup: old.id, parts: 3 }]);
    const names = await namesAt(store, { bucket: locked, prefix: 'purged/' });
    expect(filesOf(old, names)).toEqual([]);
    expect(filesOf(kept, names)).toHaveLength(2 + 2 * 2);
    const before = await store.listVersions(locked, `purged/${old.id}`);
    expect(before.length).toBeGreaterThan(0);
    const purged = await runJson<PruneReport>([...args, '--purge-versions'], { env });
    expect(purged.answer.purged).toMatchObject({
      removed_before: [{ id: old.id }],
      parts_before: { parts: 3 },
    });
    expect(await store.listVersions(locked, `purged/${old.id}`)).toEqual([]);
    expect(filesOf(kept, await namesAt(store, { bucket: locked, prefix: 'purged/' }))).toHaveLength(
      6,
    );
  });

  it('whose parts are locked keeps what is locked, and tells of what hides them', async () => {
    const destination = destinationAt(locked, 'held');
    const until = new Date(Math.floor(Date.now() / 1000) * 1000 + DAY_MS).toISOString();
    const retention = { mode: 'GOVERNANCE', until } as const;
    const made = await makeOfParts(destination, {
      ...{ at: OLD, shards: [objectsOf('a'), objectsOf('b')], retention },
    });
    const twice = await makePart(destination, { at: OLD, retention }, objectsOf('a'), 0);
    const place = urlOf(locked, 'held');
    const args = ['backup', 'prune', place, '--keep-last', '1', '--yes'];
    const pruned = await runJson<PruneReport>(args, { env });
    expect(pruned.answer.parts).toMatchObject({
      removed: [],
      kept: [{ backup: made.id, parts: 1, why: 'retained' }],
    });
    const stateOf = async (): Promise<LockState | undefined> =>
      (await runJson<{ locks?: LockState }>(['backup', 'status', place], { env })).answer.locks;
    expect(await stateOf()).toMatchObject({ status: 'ok', hidden: [] });
    // What a run removes of its duplicates hides nothing that is needed.
    await destination.remove(twice.id);
    expect(await stateOf()).toMatchObject({ status: 'ok', hidden: [] });
    const at = new Date().toISOString();
    const file = `${made.parts[0]?.id}.tar.gz`;
    await new Promise((done) => setTimeout(done, 1100));
    await store.deleteObject(locked, `held/${file}`);
    expect(await stateOf()).toMatchObject({ status: 'hidden', hidden: [{ file, by: 'deletion' }] });
    const past = ['--as-stored-at', at];
    const verified = await runJson<VerifyResult>(
      ['backup', 'verify', `${place}/${made.id}`, ...past],
      { env },
    );
    expect(verified.answer).toMatchObject({ status: 'ok', objects: 6, problems: [] });
  });
});
