import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import type { RestorePlan, RestoreReport } from '../../src/restore/report.js';
import { temporaryFolder } from '../helpers/backups.js';
import {
  documentsOf,
  policyOf,
  removeVersions,
  setDocuments,
} from '../helpers/bucket-documents.js';
import { run, runJson } from '../helpers/cli.js';
import { startFaultyProxy, type Fault, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

const NOTIFICATION =
  '<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TopicConfiguration><Id>x</Id><Topic>arn:aws:sns:default::jobs</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration></NotificationConfiguration>';
const REPLICATION =
  '<ReplicationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Role></Role><Rule><ID>r</ID><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::elsewhere</Bucket></Destination></Rule></ReplicationConfiguration>';

const store = testStore();
let proxy: FaultyProxy;
beforeAll(async () => {
  proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
});
afterAll(async () => {
  await proxy.close();
  store.close();
});

/** A backup made by the program, in a folder of its own. */
async function backUp(type: string, bucket: string, endpoint?: string) {
  const { folder, remove } = temporaryFolder();
  const args = ['backup', type, folder, '--bucket', bucket];
  const { exitCode, answer } = await runJson<Summary>(args, { endpoint });
  return { exitCode, answer, backup: join(folder, answer.id), remove };
}

function statesOf({ fidelity }: Summary): Record<string, string> {
  return Object.fromEntries(fidelity.documents.map(({ document, state }) => [document, state]));
}

describe('the documents of a bucket', () => {
  it('come back as the server returned them, and a second restore changes nothing', async () => {
    const bucket = await freshBucket(store);
    await seed(store, bucket, [{ key: 'page.png', content: noise(5000, 'page') }]);
    const taken = await setDocuments(store, bucket);
    expect(taken).toEqual(expect.arrayContaining(['policy', 'lifecycle', 'versioning', 'tagging']));
    const [before, objects] = [await documentsOf(store, bucket), await snapshot(store, bucket)];

    const { exitCode, answer, backup, remove } = await backUp('full', bucket);
    expect({ exitCode, status: answer.status }).toEqual({ exitCode: 0, status: 'complete' });
    const states = statesOf(answer);
    expect(Object.keys(states).filter((kind) => states[kind] === 'captured')).toEqual(taken);
    const args = ['-xzOf', `${backup}.tar.gz`, `${answer.id}/metadata/${bucket}/policy.json`];
    expect(execFileSync('tar', args).toString()).toBe(before.policy);

    await removeVersions(store, bucket);
    const planned = await runJson<RestorePlan>(['restore', backup, '--dry-run']);
    expect(planned.answer.documents.map(({ action }) => action)).toEqual(taken.map(() => 'write'));
    expect(await store.bucketExists(bucket)).toBe(false);
    const first = await runJson<RestoreReport>(['restore', backup]);
    expect(first).toMatchObject({
      exitCode: 0,
      answer: { restored: { objects: 1 }, failures: [] },
    });
    expect(await documentsOf(store, bucket)).toEqual(before);
    expect(await snapshot(store, bucket)).toEqual(objects);

    proxy.requests.length = 0;
    const second = await runJson<RestoreReport>(['restore', backup], { endpoint: proxy.endpoint });
    expect(second).toMatchObject({ exitCode: 0, answer: { restored: { objects: 0 } } });
    expect(second.answer.documents.every(({ result }) => result === 'unchanged')).toBe(true);
    expect(proxy.requests.filter(({ method }) => !['GET', 'HEAD'].includes(method))).toEqual([]);
    await removeVersions(store, bucket);
    remove();
  });

  it('that may not be read make the backup partial, and the others are captured', async () => {
    const bucket = await freshBucket(store);
    await store.writeBucketDocument(bucket, 'policy', Buffer.from(policyOf(bucket)));
    proxy.setPlan(({ path }) =>
      path.endsWith('?lifecycle')
        ? { kind: 'answer', status: 403, code: 'AccessDenied' }
        : path.endsWith('?replication')
          ? { kind: 'answer', status: 501, code: 'NotImplemented' }
          : undefined,
    );
    for (const type of ['metadata', 'full', 'incremental']) {
      const { exitCode, answer, remove } = await backUp(type, bucket, proxy.endpoint);
      expect({ exitCode, status: answer.status }).toEqual({ exitCode: 3, status: 'partial' });
      const reason: unknown = expect.stringContaining('AccessDenied');
      const asked = {
        operation: 'GetBucketLifecycleConfiguration',
        status: 403,
        code: 'AccessDenied',
      };
      expect(answer.failures).toEqual([
        { bucket, key: '', document: 'lifecycle', reason, ...asked },
      ]);
      expect(statesOf(answer)).toMatchObject({
        policy: 'captured',
        lifecycle: 'failed',
        replication: 'unsupported',
        tagging: 'none',
      });
      expect(answer.objects.failed).toBe(0);
      remove();
    }
    await removeBucket(store, bucket);
  });

  it('that the server does not know leave the backup complete', async () => {
    const bucket = await freshBucket(store);
    proxy.setPlan(({ path }) =>
      path.endsWith('?cors')
        ? { kind: 'answer', status: 200, body: '<ListBucketResult></ListBucketResult>' }
        : undefined,
    );
    const { exitCode, answer, remove, backup } = await backUp('metadata', bucket, proxy.endpoint);
    expect(exitCode).toBe(0);
    expect(answer.id).toMatch(/^minio_backup_metadata_/);
    expect(answer.fidelity.documents.find(({ document }) => document === 'cors')).toMatchObject({
      state: 'unsupported',
      reason: expect.stringContaining('ListBucketResult') as unknown,
    });
    expect((await run(['backup', 'show', backup])).stdout).toContain('cors unsupported');
    expect((await run(['backup', 'verify', backup])).exitCode).toBe(0);
    await removeBucket(store, bucket);
    remove();
  });

  it('alone: metadata takes and restores no objects, data no documents', async () => {
    const bucket = await freshBucket(store);
    await seed(store, bucket, [{ key: 'a', content: Buffer.from('a') }]);
    await store.writeBucketDocument(bucket, 'policy', Buffer.from(policyOf(bucket)));
    const policy = (await documentsOf(store, bucket)).policy;
    const metadata = await backUp('metadata', bucket);
    const full = await backUp('full', bucket);
    expect(metadata.answer.objects).toMatchObject({ total: 0, captured: 0 });
    await removeBucket(store, bucket);

    const data = await runJson<RestoreReport>(['restore', full.backup, 'data']);
    expect(data).toMatchObject({ exitCode: 0, answer: { documents: [] } });
    expect((await documentsOf(store, bucket)).policy).toBe('none');
    await removeBucket(store, bucket);

    for (const args of [[metadata.backup], [full.backup, 'metadata']]) {
      expect((await runJson(['restore', ...args])).exitCode).toBe(0);
      expect((await documentsOf(store, bucket)).policy).toBe(policy);
      expect(await snapshot(store, bucket)).toEqual(new Map());
      await removeBucket(store, bucket);
    }
    expect((await run(['restore', metadata.backup, 'data'])).exitCode).toBe(4);
    expect((await run(['restore', full.backup, 'metadata', '--key', 'a'])).exitCode).toBe(2);
    const one = await runJson<RestoreReport>(['restore', full.backup, '--key', 'a']);
    expect(one).toMatchObject({ exitCode: 0, answer: { documents: [] } });
    await removeBucket(store, bucket);
    metadata.remove();
    full.remove();
  });

  it('that the target refuses are reported, with status 3, and the rest is restored', async () => {
    const bucket = await freshBucket(store);
    await seed(store, bucket, [{ key: 'a', content: Buffer.from('a') }]);
    await setDocuments(store, bucket);
    const { backup, remove } = await backUp('full', bucket);
    await removeVersions(store, bucket);
    proxy.setPlan(({ path, method }) =>
      method === 'PUT' && path.endsWith('?policy')
        ? { kind: 'answer', status: 400, code: 'MalformedPolicy' }
        : undefined,
    );
    const { exitCode, answer } = await runJson<RestoreReport>(['restore', backup], {
      endpoint: proxy.endpoint,
    });
    expect(exitCode).toBe(3);
    const reason: unknown = expect.stringContaining('MalformedPolicy');
    const asked = { operation: 'PutBucketPolicy', status: 400, code: 'MalformedPolicy' };
    expect(answer.failures).toEqual([{ bucket, key: '', document: 'policy', reason, ...asked }]);
    expect(answer.documents).toContainEqual({
      ...{ bucket, target: bucket, kind: 'policy', result: 'failed', reason },
    });
    expect(answer.restored.objects).toBe(1);
    expect((await documentsOf(store, bucket)).tagging).not.toBe('none');
    await removeVersions(store, bucket);
    remove();
  });
});

describe('the order of a restore', () => {
  let bucket: string;
  let made: Awaited<ReturnType<typeof backUp>>;
  beforeAll(async () => {
    bucket = await freshBucket(store);
    await seed(store, bucket, [
      { key: 'a', content: noise(100, 'a') },
      { key: 'b', content: noise(3_000_000, 'b') },
    ]);
    await setDocuments(store, bucket);
    // No server has a topic or a peer to name: the proxy tells of them, and takes them.
    proxy.setPlan(tellsOf({ notification: NOTIFICATION, replication: REPLICATION }));
    made = await backUp('full', bucket, proxy.endpoint);
    expect(statesOf(made.answer)).toMatchObject({ notification: 'captured' });
    await removeVersions(store, bucket);
  });
  afterAll(() => made.remove());

  function tellsOf(bodies: { notification: string; replication: string }) {
    return ({ path, method }: { path: string; method: string }): Fault | undefined => {
      const kind = (['notification', 'replication'] as const).find((one) =>
        path.endsWith(`?${one}`),
      );
      if (kind === undefined) return undefined;
      return { kind: 'answer', status: 200, body: method === 'GET' ? bodies[kind] : '' };
    };
  }

  it('puts versions before the objects, restrictions after them, and notifications last', async () => {
    proxy.setPlan(
      tellsOf({
        notification: '<NotificationConfiguration/>',
        replication: '<ReplicationConfiguration/>',
      }),
    );
    proxy.requests.length = 0;
    const options = { endpoint: proxy.endpoint };
    const { exitCode, answer } = await runJson<RestoreReport>(['restore', made.backup], options);
    expect({ exitCode, failures: answer.failures }).toEqual({ exitCode: 0, failures: [] });
    const writes = proxy.requests
      .filter(({ method }) => method === 'PUT')
      .map(({ path }) => path.replace(/\?.*&|\/$/, ''));
    const at = (end: string) => writes.findIndex((path) => path.endsWith(end));
    const objects = [at('/a'), at('/b')];
    expect(at(bucket)).toBe(0);
    expect(at('?versioning')).toBeGreaterThan(0);
    expect(at('?versioning')).toBeLessThan(Math.min(...objects));
    for (const kind of ['?policy', '?tagging', '?lifecycle']) {
      expect(at(kind)).toBeGreaterThan(Math.max(...objects));
    }
    const lasts = [`/${bucket}?notification`, `/${bucket}?replication`];
    expect(writes.slice(-2)).toEqual(lasts);
    await removeVersions(store, bucket);
  });

  it('--as gives the policy the new name, and leaves out what tells others of objects', async () => {
    const target = freshBucketName();
    proxy.setPlan(() => undefined);
    const args = ['restore', made.backup, '--as', `${bucket}=${target}`];
    const { exitCode, answer } = await runJson<RestoreReport>(args);
    expect({ exitCode, failures: answer.failures }).toEqual({ exitCode: 0, failures: [] });
    const skipped = answer.documents.filter(({ result }) => result === 'skipped');
    expect(skipped.map(({ kind }) => kind)).toEqual(['notification', 'replication']);
    const { policy } = await documentsOf(store, target);
    expect(policy).toContain(`arn:aws:s3:::${target}/*`);
    expect(policy).not.toContain(bucket);
    await removeVersions(store, target);
  });
});

describe('locked objects', () => {
  it('get their retention and legal hold back, in a bucket made for them', async () => {
    const bucket = freshBucketName();
    const target = freshBucketName();
    await store.createBucket(bucket, { objectLock: true });
    const lasting = { mode: 'GOVERNANCE', until: '2099-12-31T23:59:59.000Z' } as const;
    const ending = { mode: 'GOVERNANCE', until: endsIn(4000) } as const;
    const locks = {
      both: { retention: lasting, legalHold: true },
      ending: { retention: ending, legalHold: true },
      free: {},
      hold: { legalHold: true },
    };
    const objects = Object.entries(locks).map(([key, attributes]) => ({
      ...{ key, attributes },
      content: Buffer.from(key),
    }));
    await seed(store, bucket, objects);
    const { exitCode, backup, remove } = await backUp('full', bucket);
    expect(exitCode).toBe(0);
    const args = ['restore', backup, '--as', `${bucket}=${target}`];
    const { exitCode: status, answer } = await runJson<RestoreReport>(args);
    expect({ status, failures: answer.failures }).toEqual({ status: 0, failures: [] });
    expect(answer.left_out).toEqual([
      { bucket: target, reason: 'retention has run out', objects: 1 },
    ]);
    const lockOf = async (key: string) => {
      const { retention, legalHold } = await store.headObject(target, key);
      return { retention, legalHold };
    };
    expect(await lockOf('both')).toEqual(locks.both);
    expect(await lockOf('ending')).toEqual({ retention: null, legalHold: true });
    expect(await lockOf('free')).toEqual({ retention: null, legalHold: false });
    expect(await lockOf('hold')).toEqual({ retention: null, legalHold: true });
    expect(await documentsOf(store, target)).toEqual(await documentsOf(store, bucket));

    // A bucket that is there already cannot be given a lock: the bytes come back without, and status 3 says so.
    const unlocked = await freshBucket(store);
    const into = ['restore', backup, 'data', '--as', `${bucket}=${unlocked}`];
    const without = await runJson<RestoreReport>(into);
    expect(without).toMatchObject({
      exitCode: 3,
      answer: {
        restored: { objects: 4 },
        left_out: [{ bucket: unlocked, reason: 'bucket has no object lock', objects: 3 }],
      },
    });
    await removeBucket(store, unlocked);
    await removeVersions(store, bucket);
    await removeVersions(store, target);
    remove();
  });
});

function endsIn(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
