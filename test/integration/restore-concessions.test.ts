import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/object-store/port.js';
import { locateBackup } from '../../src/repository/locate.js';
import { backUp, contents, restoreInto, restorePlan, temporaryFolder } from '../helpers/backups.js';
import { storeSettings } from '../helpers/cli.js';
import { forgeBackup } from '../helpers/forged-backups.js';
import { runMain, world } from '../unit/cli/world.js';
import { catalog } from '../../src/cli/catalog.js';
import { type OddAnswer, type OddRequest, refusal, withHeaders } from '../helpers/odd-messages.js';
import { startOddProxy, type OddProxy, type OddServer } from '../helpers/odd-proxy.js';
import { listing, seed } from '../helpers/seed.js';
import {
  addressOf,
  contentOf,
  freshBucket,
  freshBucketName,
  readObject,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** What a restore does where the target takes less than the backup has, or changes meanwhile. */

const ENCRYPTION = 'x-amz-server-side-encryption';
const KMS_KEY = 'x-amz-server-side-encryption-aws-kms-key-id';
const CLASS = 'x-amz-storage-class';
const CRC = 'x-amz-checksum-crc32';

/** What the source says of these objects beside their bytes. */
const SAID: Record<string, Record<string, string>> = {
  encrypted: { [ENCRYPTION]: 'aws:kms', [KMS_KEY]: 'arn:aws:kms:eu-west-1:1:key/k-1' },
  frozen: { [CLASS]: 'GLACIER' },
  infrequent: { [CLASS]: 'STANDARD_IA' },
  summed: { [CRC]: 'AAAAAA==' },
};
const KEYS = ['encrypted', 'frozen', 'infrequent', 'plain', 'summed'];

const store = testStore();
const { folder, remove } = temporaryFolder();
let proxy: OddProxy;
let odd: ObjectStore;
let bucket: string;
let id: string;
let target: string;

beforeAll(async () => {
  proxy = await startOddProxy();
  odd = testStore(addressOf(proxy.endpoint));
  bucket = await freshBucket(store);
  await seed(
    store,
    bucket,
    KEYS.map((key) => ({ key, content: key === 'summed' ? EMPTY : Buffer.from(`of ${key}`) })),
  );
  proxy.be({
    handle: async (request, next) => {
      const answer = await next(request);
      const isRead = ['GetObject', 'HeadObject'].includes(request.operation);
      return isRead ? withHeaders(answer, SAID[request.key] ?? {}) : answer;
    },
  });
  id = (await backUp(odd, folder, [bucket], { acls: true })).id;
});
beforeEach(() => {
  target = freshBucketName();
  proxy.be();
  proxy.requests.length = 0;
  return async () => {
    if (await store.bucketExists(target)) await removeBucket(store, target);
  };
});
afterAll(async () => {
  await removeBucket(store, bucket);
  await proxy.close();
  odd.close();
  store.close();
  remove();
});

const EMPTY = Buffer.alloc(0);

/** A target that keeps, or refuses, what it is asked for; its reads tell what was asked. */
function targetThat({ refuses = () => false }: { refuses?: (request: OddRequest) => boolean }) {
  const kept = new Map<string, Record<string, string>>();
  const server: OddServer = {
    handle: async (request, next): Promise<OddAnswer> => {
      const { operation, key, headers } = request;
      if (refuses(request)) return refusal(501, 'NotImplemented');
      const asked = Object.fromEntries(
        [ENCRYPTION, KMS_KEY, CLASS, CRC]
          .filter((name) => headers[name] !== undefined)
          .map((name) => [name, headers[name] ?? '']),
      );
      if (operation === 'PutObject') kept.set(key, asked);
      const nothing = Object.fromEntries(Object.keys(asked).map((name) => [name, undefined]));
      const answer = await next(withHeaders(request, nothing));
      return operation === 'HeadObject' ? withHeaders(answer, kept.get(key) ?? {}) : answer;
    },
  };
  return { server, kept };
}

const restoreTo = (server: OddServer, more: Parameters<typeof restoreInto>[4] = {}) => {
  proxy.be(server);
  return restoreInto(odd, folder, id, { from: bucket, to: target }, more);
};
const keysThere = async () => (await listing(store, target)).map(({ key }) => key);

it('the backup holds what the source said of its objects', async () => {
  const lines = await contents(folder, id);
  expect(lines.get('encrypted')?.encryption).toEqual({
    algorithm: 'aws:kms',
    key_id: 'arn:aws:kms:eu-west-1:1:key/k-1',
  });
  expect(lines.get('frozen')?.storage_class).toBe('GLACIER');
  expect(lines.get('infrequent')?.storage_class).toBe('STANDARD_IA');
  expect(lines.get('summed')?.checksums).toEqual({ crc32: 'AAAAAA==' });
  expect(lines.get('plain')?.acl).toContain('AccessControlList');
});

describe('a target that keeps what it is asked for', () => {
  it('is asked for the same encryption, class and checksum; an archived object is readable', async () => {
    const { server, kept } = targetThat({});
    const report = await restoreTo(server);
    expect(report.failures).toEqual([]);
    expect(report.losses).toMatchObject([
      { what: 'archive storage class', count: 1, keys: ['frozen'] },
    ]);
    expect(Object.fromEntries([...kept].filter(([key]) => KEYS.includes(key)))).toEqual({
      ...SAID,
      frozen: {},
      plain: {},
    });
  });

  it('is asked for no encryption with --encryption bucket', async () => {
    const { server, kept } = targetThat({});
    const report = await restoreTo(server, { encryption: 'bucket' });
    expect(report.failures).toEqual([]);
    expect(kept.get('encrypted')).toEqual({});
  });
});

describe('a target that refuses encryption', () => {
  const refuses = ({ headers }: OddRequest) => headers[ENCRYPTION] !== undefined;

  it('fails the object with --encryption keep, and restores the others', async () => {
    const report = await restoreTo(targetThat({ refuses }).server, { encryption: 'keep' });
    expect(report.failures).toMatchObject([
      { bucket: target, key: 'encrypted', operation: 'PutObject', status: 501 },
    ]);
    expect(await keysThere()).toEqual(KEYS.filter((key) => key !== 'encrypted'));
  });

  it('gets the object by its own default with --encryption prefer, and the loss is named', async () => {
    const report = await restoreTo(targetThat({ refuses }).server, { encryption: 'prefer' });
    expect(report.failures).toEqual([]);
    expect(report.losses).toMatchObject([
      { what: 'encryption', count: 1, keys: ['encrypted'] },
      { what: 'archive storage class' },
    ]);
    expect(await keysThere()).toEqual(KEYS);
  });

  it('is asked for nothing that it refuses with --encryption bucket', async () => {
    const report = await restoreTo(targetThat({ refuses }).server, { encryption: 'bucket' });
    expect(report.failures).toEqual([]);
    expect(report.losses).toMatchObject([{ what: 'archive storage class' }]);
  });
});

it.each([
  ['a storage class', 'storage class', 'infrequent', (r: OddRequest) => r.headers[CLASS]],
  ['a checksum', 'checksum', 'summed', (r: OddRequest) => r.headers[CRC]],
] as const)('%s that the target refuses is named as lost', async (_, what, key, header) => {
  const refuses = (request: OddRequest) => header(request) !== undefined;
  const report = await restoreTo(targetThat({ refuses }).server);
  expect(report.failures).toEqual([]);
  const losses = report.losses.filter((loss) => loss.what === what);
  expect(losses).toMatchObject([{ bucket: target, count: 1, keys: [key] }]);
  expect(await keysThere()).toEqual(KEYS);
});

it('access control lists that the target refuses are named as lost', async () => {
  const refuses = ({ operation }: OddRequest) => operation === 'PutObjectAcl';
  const report = await restoreTo(targetThat({ refuses }).server);
  expect(report.failures).toEqual([]);
  expect(report.losses.filter(({ what }) => what === 'acl')).toMatchObject([
    { count: KEYS.length, keys: KEYS },
  ]);
});

it('a second restore of the same names what the first one lost', async () => {
  const refuses = ({ headers }: OddRequest) => headers[ENCRYPTION] !== undefined;
  await restoreTo(targetThat({ refuses }).server);
  const again = await restoreTo({});
  expect(again).toMatchObject({ restored: { objects: 0 }, failures: [] });
  expect(again.losses).toContainEqual(
    expect.objectContaining({ what: 'encryption', count: 1, keys: ['encrypted'] }),
  );
});

it('an object that somebody overwrites before the proof is named as that', async () => {
  let isOverwritten = false;
  const report = await restoreTo({
    handle: async (request, next) => {
      const isProof = request.operation === 'ListObjectsV2' && request.bucket === target;
      if (isProof && !isOverwritten) {
        isOverwritten = true;
        // Some servers tell whole seconds.
        await sleep(1100);
        await store.putObject(target, 'plain', contentOf('by somebody else'));
      }
      return await next(request);
    },
  });
  expect(report.failures).toMatchObject([{ bucket: target, key: 'plain' }]);
  expect(report.failures[0]?.reason).toMatch(/overwritten since, at 20/);
  expect(report.proved).toBe(KEYS.length - 1);
  expect(String(await readObject(store, target, 'plain'))).toBe('by somebody else');
});

it('a restore that is interrupted says what was written, and that it can be run again', async () => {
  const host = world({ env: storeSettings({ endpoint: proxy.endpoint }) });
  const stuck = 'summed';
  let written = 0;
  proxy.be({
    handle: async (request, next) => {
      if (request.operation !== 'PutObject' || request.bucket !== target) return next(request);
      if (request.key === stuck) return await new Promise(() => undefined);
      const answer = await next(request);
      written += 1;
      // The others are counted by then.
      if (written === KEYS.length - 1) setTimeout(() => host.signals.emit('SIGINT'), 300);
      return answer;
    },
  });
  const args = ['restore', join(folder, id), '--bucket', bucket, '--as', `${bucket}=${target}`];
  const outcome = await runMain(args, catalog, host);
  expect(outcome.status).toBe(130);
  expect(outcome.stderr).toMatch(
    /interrupted with 4 objects \([\d,]+ bytes\) written; run it again to go on/,
  );
  proxy.be();
  const again = await runMain(args, catalog, world({ env: storeSettings() }));
  expect(again.stderr).not.toContain('interrupted');
  expect(await keysThere()).toEqual(KEYS);
});

it('a forged name of a bucket reaches no request, and the other buckets are restored', async () => {
  const forged = temporaryFolder();
  try {
    const name = 'fgb?x';
    const other = freshBucketName();
    const rename = (text: string) => text.replaceAll('alpha', name);
    const forgedId = await forgeBackup(forged.folder, 'tar', {
      objects: [[['alpha', 'a']], [['gamma', 'only']]],
      document: (_, content) => rename(content),
      lines: (lines) => lines.map((line) => rename(JSON.stringify(line))).join('\n'),
      directory: (directory) => rename(JSON.stringify(directory)),
      summary: (summary) => rename(JSON.stringify(summary, null, 2)),
    });
    const located = await locateBackup(join(forged.folder, forgedId));
    proxy.be();
    const { failures } = await restorePlan(odd, located);
    expect(failures).toMatchObject([{ bucket: name, key: '' }]);
    expect(failures[0]?.reason).toContain('is not a valid bucket name');
    expect(proxy.requests.filter((request) => request.bucket.startsWith('fgb'))).toEqual([]);
    const report = await restoreInto(odd, forged.folder, forgedId, { from: 'gamma', to: other });
    expect(report).toMatchObject({ restored: { objects: 1 }, failures: [] });
    await removeBucket(store, other);
  } finally {
    forged.remove();
  }
});
