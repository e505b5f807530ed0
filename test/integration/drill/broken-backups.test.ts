import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DrillResult } from '../../../src/drill/result.js';
import { openCommitted } from '../../../src/repository/open-backup.js';
import { locateBackup } from '../../../src/repository/locate.js';
import type { Summary } from '../../../src/repository/summary.js';
import { decodeSummary, encodeSummary } from '../../../src/repository/summary-codec.js';
import { storeSettings } from '../../helpers/cli.js';
import { temporaryFolder } from '../../helpers/backups.js';
import { runHere } from '../../helpers/in-process.js';
import { type OddProxy, type OddServer, startOddProxy } from '../../helpers/odd-proxy.js';
import { noise, seed } from '../../helpers/seed.js';
import { withoutQuery } from '../../helpers/odd-messages.js';
import { both, paging, rerouting } from '../../faults/odd-servers/ways.js';
import {
  contentOf,
  freshBucket,
  removeBucket,
  testStore,
  testStoreOptions,
} from '../../helpers/test-store.js';

/** Each way of breaking a backup, or what it is restored into, fails the drill with its reason. */

const store = testStore();
const { folder, remove } = temporaryFolder();
const whole = join(folder, 'whole');
const broken = join(folder, 'broken');
let bucket: string;
let proxy: OddProxy;
let full: string;
let incremental: string;

beforeAll(async () => {
  proxy = await startOddProxy();
  bucket = await freshBucket(store);
  const attributes = { tags: [{ key: 'job', value: '1' }] };
  await seed(
    store,
    bucket,
    Array.from({ length: 20 }, (_, i) => ({
      key: `k${i}`,
      content: noise(9000, `${i}`),
      attributes,
    })),
  );
  mkdirSync(whole);
  full = await backUp('full');
  await store.putObject(bucket, 'later', contentOf('later'));
  incremental = await backUp('incremental');
}, 120_000);
beforeEach(() => {
  proxy.be();
  rmSync(broken, { recursive: true, force: true });
  cpSync(whole, broken, { recursive: true });
});
afterEach(async () => {
  const left = (await store.listBuckets()).filter(({ name }) => name.startsWith('broken-'));
  expect(left).toEqual([]);
});
afterAll(async () => {
  await proxy.close();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

async function backUp(type: string): Promise<string> {
  const before = new Set(readdirSync(whole));
  const args = ['backup', type, whole, '--bucket', bucket, '--no-prune'];
  const made = await runHere(args, { env: storeSettings() });
  expect(made.exitCode, made.stderr).toBe(0);
  const summary = readdirSync(whole).find((name) => name.endsWith('.json') && !before.has(name));
  return summary!.replace('.json', '');
}

async function drill(env: Record<string, string> = {}) {
  const args = [
    'drill',
    'bucket',
    broken,
    '--state-dir',
    join(folder, 'state'),
    '--pick',
    'newest',
  ];
  const { exitCode, stdout, stderr } = await runHere([...args, '--json'], {
    env: { ...storeSettings(), ...env },
  });
  const [result] = stdout === '' ? [] : (JSON.parse(stdout) as { drills: DrillResult[] }).drills;
  return { exitCode, stderr, result };
}

function onProxy(): Record<string, string> {
  const { accessKey, secretKey } = testStoreOptions();
  return {
    DRILL_S3_ENDPOINT: proxy.endpoint,
    DRILL_S3_ACCESS_KEY: accessKey,
    DRILL_S3_SECRET_KEY: secretKey,
  };
}

function rewrite(id: string, change: (summary: Summary) => Summary): void {
  const path = join(broken, `${id}.json`);
  const decoded = decodeSummary(readFileSync(path));
  if (decoded.kind !== 'valid') throw new Error('not valid');
  writeFileSync(path, encodeSummary(change(decoded.summary)));
}

/** Flips a byte of the newest archive, at a place that `where` finds in its directory. */
async function flip(where: 'chunk' | 'data'): Promise<void> {
  const opened = await openCommitted(await locateBackup(join(broken, incremental)));
  const [chunk] = opened.directory.chunks;
  const [line] = await (await opened.archives.of(chunk!.archive)).readChunk(chunk!);
  await opened.archives.close();
  const { archive, offset, length } = where === 'chunk' ? chunk! : line!;
  const at = offset + Math.floor(length / 2);
  const path = join(broken, `${archive}.tar.gz`);
  const bytes = readFileSync(path);
  bytes[at]! ^= 0xff;
  writeFileSync(path, bytes);
}

const errorAnswer = (status: number, code: string) => ({
  status,
  headers: {},
  body: Buffer.from(`<Error><Code>${code}</Code><Message>no</Message></Error>`),
});

const WAYS: Record<
  string,
  { breaks: () => unknown; reason: RegExp; env?: () => Record<string, string> }
> = {
  'the archive of the newest is missing': {
    breaks: () => rmSync(join(broken, `${incremental}.tar.gz`)),
    reason: /incremental_\S+ cannot be used|newest backup, \S+, cannot be used/,
  },
  'a reference of an incremental is missing': {
    breaks: () => rmSync(join(broken, `${full}.tar.gz`)),
    reason: /no complete backup .* archive/,
  },
  'a byte of an index chunk is flipped': {
    breaks: () => flip('chunk'),
    reason: /incremental_\S+ is damaged: the member|incremental_\S+ is damaged: the checksum/,
  },
  'a byte of the data is flipped': {
    breaks: () => flip('data'),
    reason: /difference.*object of/,
  },
  'an archive is truncated': {
    breaks: () => {
      const path = join(broken, `${full}.tar.gz`);
      truncateSync(path, statSync(path).size - 1000);
    },
    reason: /does not have the length in its summary/,
  },
  'the newest backup is too old': {
    breaks: () => {
      const past = new Date(Date.now() - 3 * 86_400_000).toISOString();
      for (const id of [full, incremental]) rewrite(id, (one) => ({ ...one, created_at: past }));
    },
    reason: /the newest backup is 3 d old, and may be 1 d old/,
  },
  'the newest backup is suspect': {
    breaks: () => rewrite(incremental, (one) => ({ ...one, status: 'suspect' })),
    reason: /the newest backup, \S+, cannot be used: it is suspect/,
  },
  'the newest backup is partial': {
    breaks: () => rewrite(incremental, (one) => ({ ...one, status: 'partial', supersedes: true })),
    reason: /incremental_\S+ is partial/,
  },
  'the digest of a summary is wrong': {
    breaks: () => {
      const path = join(broken, `${incremental}.json`);
      const text = readFileSync(path, 'utf8');
      writeFileSync(
        path,
        text.replace('"sequence": 1', '"sequence": 7').replace('"total": 21', '"total": 22'),
      );
    },
    reason: /cannot be used: the digest of the summary is wrong/,
  },
  'the summary is that of another backup': {
    breaks: () => copyFileSync(join(broken, `${full}.json`), join(broken, `${incremental}.json`)),
    reason: /cannot be used: its summary is that of/,
  },
  'the target is full': {
    breaks: () =>
      proxy.be({
        handle: (request, next) =>
          request.operation === 'PutObject' && request.key.startsWith('k')
            ? errorAnswer(403, 'QuotaExceeded')
            : next(request),
      }),
    env: onProxy,
    reason: /difference.*QuotaExceeded/,
  },
  'the key may create no bucket': {
    breaks: () =>
      proxy.be({
        handle: (request, next) =>
          request.operation === 'CreateBucket' ? errorAnswer(403, 'AccessDenied') : next(request),
      }),
    env: onProxy,
    reason: /AccessDenied|access|denied|refuse/i,
  },
  'the key is not accepted': {
    breaks: () => undefined,
    env: () => ({
      ...onProxy(),
      DRILL_S3_ENDPOINT: storeSettings().MINIO_ENDPOINT!,
      DRILL_S3_SECRET_KEY: 'wrong-secret-key',
    }),
    reason: /refuse|signature|denied|credentials|accept/i,
  },
  'the target keeps no tags': {
    breaks: () =>
      proxy.be({
        handle: (request, next) => {
          const headers = { ...request.headers };
          delete headers['x-amz-tagging'];
          return next({ ...request, headers });
        },
      }),
    env: onProxy,
    reason: /20 differences after the restore, such as tags of/,
  },
};

describe('a drill', { timeout: 120_000 }, () => {
  it('of the backup as it was meets its objectives', async () => {
    const { exitCode, result, stderr } = await drill();
    expect(result, stderr).toMatchObject({ verdict: 'met', objects: 21, backup: incremental });
    expect(exitCode).toBe(0);
  });

  it.each(Object.keys(WAYS))('fails where %s', async (name) => {
    const { breaks, reason, env } = WAYS[name]!;
    await breaks();
    const { exitCode, result, stderr } = await drill(env?.());
    expect(result?.reason, `${stderr} ${JSON.stringify(result)}`).toMatch(reason);
    expect(result?.verdict).toBe('missed');
    expect(exitCode).toBe(5);
  });
});

/** Every listing ends after its first page. */
const endsEarly = (): OddServer =>
  paging((page) => ({ ...page, truncated: false, token: undefined }));
const withoutStartAfter = (): OddServer =>
  rerouting((request) => withoutQuery(request, 'start-after'));

/** The store behind a proxy; the drill restores into the server itself. */
function fromProxy(): Record<string, string> {
  const { MINIO_ENDPOINT = '' } = storeSettings();
  return { ...onProxy(), DRILL_S3_ENDPOINT: MINIO_ENDPOINT, MINIO_ENDPOINT: proxy.endpoint };
}

describe('what the store has and the backup lacks', { timeout: 120_000 }, () => {
  beforeEach(() => store.putObject(bucket, 'zz-newer', contentOf('newer')));
  afterEach(() => store.deleteObject(bucket, 'zz-newer'));

  it('is counted where the listing of the store ends early', async () => {
    proxy.be(endsEarly());
    const { result, stderr } = await drill(fromProxy());
    expect(result, stderr).toMatchObject({ verdict: 'met', missing_objects: 1, missing_bytes: 5 });
  });

  it.each<[string, OddServer, RegExp]>([
    ['ends early and cannot be continued', both(withoutStartAfter(), endsEarly()), /start-after/],
    [
      'leaves out an object that the backup holds',
      { entries: (all) => all.filter(({ key }) => key !== 'k3') },
      /leaves out objects that exist, such as "k3"/,
    ],
    [
      'is refused',
      {
        handle: (request, next) =>
          request.operation === 'ListObjectsV2' ? errorAnswer(403, 'AccessDenied') : next(request),
      },
      /may not|access|denied/i,
    ],
  ])('is not known where the listing of the store %s: nothing is proven', async (_, odd, why) => {
    proxy.be(odd);
    const { exitCode, result, stderr } = await drill(fromProxy());
    expect(result, stderr).toMatchObject({ verdict: 'not_proven', missing_objects: null });
    expect(result?.reason).toMatch(/what the backup lacks is not known/);
    expect(result?.reason).toMatch(why);
    expect(exitCode).toBe(3);
  });
});
