import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { storeSettings } from '../helpers/cli.js';
import { runAt } from '../helpers/in-process.js';
import type { OddRequest } from '../helpers/odd-messages.js';
import { startOddProxy, type OddProxy, type OddServer } from '../helpers/odd-proxy.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** A destination in a bucket of which a lifecycle rule has moved archives into cold storage. */

const store = testStore();
let proxy: OddProxy;
let source: string;
let bucket: string;
let destination: string;
let minute: number;

beforeAll(async () => {
  proxy = await startOddProxy();
});

beforeEach(async () => {
  minute = 0;
  proxy.be();
  source = await freshBucket(store);
  bucket = await freshBucket(store);
  destination = `s3://${bucket}/nightly`;
  for (const key of ['one', 'two']) await store.putObject(source, key, contentOf(`page ${key}`));
});

afterEach(async () => {
  await removeBucket(store, source);
  await removeBucket(store, bucket);
});

afterAll(async () => {
  await proxy.close();
  store.close();
});

const COLD_ANSWER =
  '<Error><Code>InvalidObjectState</Code><Message>The operation is not valid for the object</Message></Error>';

/** GET of these archives is refused; `class` is what listings say of them. */
function withCold(ids: readonly string[], storageClass = 'GLACIER'): OddServer {
  const isCold = (key: string) => ids.some((id) => key.endsWith(`${id}.tar.gz`));
  const isMeant = ({ operation, key }: OddRequest) => operation === 'GetObject' && isCold(key);
  return {
    handle: (request, next) => {
      if (!isMeant(request)) return next(request);
      const headers = { 'content-type': 'application/xml' };
      return { status: 403, headers, body: Buffer.from(COLD_ANSWER) };
    },
    entries: (all) => all.map((entry) => (isCold(entry.key) ? { ...entry, storageClass } : entry)),
  };
}

function run(...args: string[]) {
  const at = new Date(Date.parse('2024-01-15T02:00:00Z') + minute++ * 60_000).toISOString();
  return runAt(at, args, { env: { ...storeSettings(), ...backupStoreSettings(proxy.endpoint) } });
}

async function backUp(type: 'full' | 'incremental'): Promise<Summary & { said: string }> {
  const outcome = await run('backup', type, destination, '--bucket', source, '--json');
  expect(outcome).toMatchObject({ status: 0 });
  return { ...(JSON.parse(outcome.stdout) as Summary), said: outcome.stderr };
}

describe('a backup whose archive is in cold storage', () => {
  it('is not said to be damaged, by what reads it: it is to be restored there first', async () => {
    const { id } = await backUp('full');
    proxy.be(withCold([id]));
    const path = `${destination}/${id}`;
    for (const args of [
      ['backup', 'verify', path],
      ['backup', 'verify', path, '--quick'],
      ['backup', 'ls', path],
      ['restore', path, '--as', `${source}=${freshBucketName()}`],
      ['restore', destination, '--latest', '--dry-run'],
    ]) {
      const { status, stderr } = await run(...args);
      expect({ args, status, stderr }).toMatchObject({ status: 8 });
      expect(stderr).toContain(`${bucket}/nightly/${id}.tar.gz is in cold storage`);
      expect(stderr).toContain(
        'Restore the object in the store first (RestoreObject), then run the command again.',
      );
    }
  });

  it('is listed and shown with that, and status ends with 3', async () => {
    const { id } = await backUp('full');
    const { id: next } = await backUp('incremental');
    proxy.be(withCold([id], 'DEEP_ARCHIVE'));
    const list = await run('backup', 'list', destination, '--json');
    expect(list.status).toBe(0);
    expect(JSON.parse(list.stdout)).toMatchObject({ backups: [{ id, cold: true }, { id: next }] });
    expect((await run('backup', 'list', destination)).stdout).toContain(
      'complete, in cold storage',
    );
    expect((await run('backup', 'show', `${destination}/${id}`)).status).toBe(0);
    const status = await run('backup', 'status', destination, '--json');
    expect(status.status).toBe(3);
    expect(JSON.parse(status.stdout)).toMatchObject({
      chains: {
        status: 'unknown',
        problems: [
          { id, kind: 'archive_cold' },
          { id: next, kind: 'archive_cold', message: `the archive of ${id} is in cold storage` },
        ],
      },
    });
    proxy.be(withCold([], 'GLACIER_IR'));
    expect((await run('backup', 'status', destination)).status).toBe(0);
  });

  it('counts for retention as any other: it is whole', async () => {
    const { id } = await backUp('full');
    const { id: next } = await backUp('full');
    proxy.be(withCold([next]));
    const args = ['backup', 'prune', destination, '--keep-last', '1', '--dry-run', '--json'];
    const pruned = JSON.parse((await run(...args)).stdout) as { removed: { id: string }[] };
    expect(pruned.removed.map((one) => one.id)).toEqual([id]);
  });

  it('is no parent: the incremental becomes a full, compared by the counts, and says so', async () => {
    const { id } = await backUp('full');
    proxy.be(withCold([id]));
    const next = await backUp('incremental');
    expect(next).toMatchObject({
      type: 'full',
      status: 'complete',
      guard: { compared_with: id, by: 'counts' },
      objects: { captured: 2, unchanged: 0 },
    });
    expect(next.said).toContain(`the archive of ${id} is in cold storage`);
  });

  it.each([1, 2])(
    'becomes a full too where listings do not tell, and archive %i of the chain is cold',
    async (nth) => {
      const full = await backUp('full');
      const parent = await backUp('incremental');
      const cold = nth === 1 ? full.id : parent.id;
      proxy.be(withCold([cold], 'STANDARD'));
      const next = await backUp('incremental');
      expect(next).toMatchObject({ type: 'full', status: 'complete', references: [] });
      expect(next.said).toContain(`${cold}.tar.gz is in cold storage`);
    },
  );
});
