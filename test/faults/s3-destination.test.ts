import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Summary } from '../../src/repository/summary.js';
import { backupStoreSettings } from '../helpers/backup-store.js';
import { waitUntil } from '../helpers/child-processes.js';
import { run, runJson, runProcess, storeSettings } from '../helpers/cli.js';
import {
  startFaultyProxy,
  type Fault,
  type FaultPlan,
  type FaultyProxy,
} from '../helpers/faulty-proxy.js';
import { abortUploads, namesAt, uploadsAt } from '../helpers/s3-destinations.js';
import { noise, randomFrom, seed, snapshot } from '../helpers/seed.js';
import {
  contentOf,
  freshBucket,
  freshBucketName,
  removeBucket,
  testStore,
} from '../helpers/test-store.js';

/** Runs that back up into a bucket, and end at a bad moment or have a bad connection. */

const MIB = 1024 * 1024;
const SEED = process.env.TEST_SEED ?? new Date().toISOString();
/** Two runs of the program after another, and a busy machine. */
const PATIENCE_MS = 180_000;
const PREFIX = 'nightly/';

const store = testStore();
let source: string;
let bucket: string;
let sourceProxy: FaultyProxy;
let proxy: FaultyProxy;
let env: Record<string, string>;
let destination: string;

beforeAll(async () => {
  source = await freshBucket(store);
  const pages = Array.from({ length: 120 }, (_, i) => `page-${i + 100}`);
  await seed(store, source, [
    ...pages.map((key) => ({ key, content: noise(20_000, key) })),
    { key: 'video', content: noise(40 * MIB, 'video') },
  ]);
  sourceProxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
  proxy = await startFaultyProxy(storeSettings().MINIO_ENDPOINT ?? '');
});
beforeEach(async () => {
  bucket = await freshBucket(store);
  destination = `s3://${bucket}/${PREFIX.slice(0, -1)}`;
  env = backupStoreSettings(proxy.endpoint);
  for (const one of [proxy, sourceProxy]) one.setPlan(() => undefined);
  proxy.requests.length = 0;
});
afterEach(async () => {
  await abortUploads(store, bucket);
  await removeBucket(store, bucket);
});
afterAll(async () => {
  await removeBucket(store, source);
  await proxy.close();
  await sourceProxy.close();
  store.close();
});

const backUpHere = () => run(['backup', 'full', destination, '--bucket', source], { env });
const backingUp = () => runProcess(['backup', 'full', destination, '--bucket', source], { env });
const names = () => namesAt(store, { bucket, prefix: PREFIX });

/** Starts a backup, ends it when a request comes that is held back; resolves to its outcome. */
async function endedAt(isHeld: (asked: Asked) => boolean, signal: NodeJS.Signals) {
  const held: string[] = [];
  proxy.setPlan((asked) => {
    if (!isHeld(asked)) return undefined;
    held.push(asked.path);
    return { kind: 'ignore' };
  });
  const program = backingUp();
  await waitUntil('the request', [], () => Promise.resolve(held.length > 0));
  // Those that were sent before it are done by then, or soon.
  program.kill(signal);
  const outcome = await program;
  proxy.setPlan(() => undefined);
  return outcome;
}

interface Asked {
  method: string;
  path: string;
}

async function expectOneWholeBackup(outcome: ReturnType<typeof backUpHere>): Promise<void> {
  const { exitCode, stderr } = await outcome;
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  const verified = await runJson(['backup', 'verify', destination, '--latest'], { env });
  expect(verified).toMatchObject({ exitCode: 0, answer: { status: 'ok', problems: [] } });
}

const isThirdPart = ({ path }: Asked): boolean => /partNumber=3\b/.test(path);
const isSummary = ({ method, path }: Asked): boolean =>
  method === 'PUT' && /_\d{6}\.json$/.test(path);

describe('a backup into a bucket that is killed', { timeout: PATIENCE_MS }, () => {
  it('in the middle of its upload: the next run aborts that, and no others', async () => {
    await store.createMultipartUpload(bucket, `${PREFIX}video.tar.gz`);
    await store.createMultipartUpload(bucket, 'minio_backup_full_20200101_000000.tar.gz');
    const foreign = await uploadsAt(store, bucket);
    expect((await endedAt(isThirdPart, 'SIGKILL')).exitCode).toBeUndefined();
    expect(await uploadsAt(store, bucket)).toHaveLength(3);
    expect(await names()).toEqual([]);
    await expectOneWholeBackup(backUpHere());
    expect(await uploadsAt(store, bucket)).toEqual(foreign);
    expect(await names()).toHaveLength(2);
  });

  it('between archive and summary: the next run removes the archive, but none of a person', async () => {
    const byHand = 'minio_backup_full_20200101_000000.tar.gz';
    await store.putObject(bucket, PREFIX + byHand, contentOf('by backup-minio.sh'));
    await endedAt(isSummary, 'SIGKILL');
    const left = (await names()).filter((name) => name !== byHand);
    expect(left).toEqual([
      expect.stringMatching(/^minio_backup_full_\d{8}_\d{6}\.json\.partial$/),
      expect.stringMatching(/^minio_backup_full_\d{8}_\d{6}\.tar\.gz$/),
    ]);
    const list = await runJson(['backup', 'list', destination], { env });
    expect(list).toMatchObject({ exitCode: 0, answer: { backups: [] } });
    await expectOneWholeBackup(backUpHere());
    const now = await names();
    expect(now).toHaveLength(3);
    expect(now).toContain(byHand);
    for (const name of left) expect(now).not.toContain(name);
  });

  it('behind its summary: it is a backup, and stays one', async () => {
    await endedAt(
      ({ method, path }) => method === 'DELETE' && path.endsWith('.json.partial'),
      'SIGKILL',
    );
    const before = await names();
    expect(before).toHaveLength(3);
    await expectOneWholeBackup(backUpHere());
    const now = await names();
    expect(now).toHaveLength(4);
    for (const name of before) expect(now.includes(name)).toBe(!name.endsWith('.partial'));
  });
});

describe('a backup into a bucket that ends by itself', () => {
  afterEach(async () => {
    expect(await uploadsAt(store, bucket)).toEqual([]);
  });

  it('by SIGTERM leaves no upload and no claim, and the next one salvages nothing', async () => {
    const { exitCode, stderr } = await endedAt(isThirdPart, 'SIGTERM');
    expect(exitCode).toBe(143);
    expect(stderr).not.toContain('captured so far');
    expect(await uploadsAt(store, bucket)).toEqual([]);
    expect((await store.listPage(bucket)).objects).toEqual([]);
    const args = ['backup', 'full', destination, '--bucket', source];
    const { answer } = await runJson<Summary>(args, { env });
    expect(answer.objects).toMatchObject({ captured: 121, salvaged: 0 });
  });

  it.each([
    ['a part', isThirdPart],
    [
      'the completion',
      ({ method, path }: Asked) => method === 'POST' && path.includes('uploadId='),
    ],
    ['the summary', isSummary],
  ])('because %s is refused leaves nothing: status 6', async (_, isRefused) => {
    proxy.setPlan((asked) =>
      isRefused(asked) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined,
    );
    const { exitCode, stderr } = await backUpHere();
    expect(exitCode).toBe(6);
    expect(stderr).toContain(`in the bucket ${bucket}`);
    expect((await store.listPage(bucket)).objects).toEqual([]);
  });
});

describe('a backup into a bucket whose server begins an upload, but whose answer is lost', () => {
  const isBeginning = ({ method, path }: Asked) => method === 'POST' && path.endsWith('?uploads');

  it('leaves no second upload behind', async () => {
    let lost = 0;
    proxy.setPlan((asked) => (isBeginning(asked) && lost++ === 0 ? { kind: 'lose' } : undefined));
    await expectOneWholeBackup(backUpHere());
    expect(proxy.requests.filter(isBeginning)).toHaveLength(2);
    expect(await uploadsAt(store, bucket)).toEqual([]);
  });

  it('leaves none if the backup ends before its archive exists', async () => {
    let lost = 0;
    proxy.setPlan((asked) => {
      if (isBeginning(asked) && lost++ === 0) return { kind: 'lose' };
      return isSummary(asked) ? { kind: 'answer', status: 403, code: 'AccessDenied' } : undefined;
    });
    expect(await backUpHere()).toMatchObject({ exitCode: 6 });
    expect(proxy.requests.filter(isBeginning)).toHaveLength(2);
    expect(await uploadsAt(store, bucket)).toEqual([]);
  });
});

describe(
  `5 % of all requests fail, on both sides (TEST_SEED=${SEED})`,
  { timeout: PATIENCE_MS },
  () => {
    it('a full, an incremental and a restore complete, and every byte is right', async () => {
      const random = randomFrom(SEED);
      let failures = 0;
      const plan: FaultPlan = ({ method }) => {
        if (random() >= 0.05) return undefined;
        failures += 1;
        return faultFor(method, random());
      };
      for (const one of [proxy, sourceProxy]) one.setPlan(plan);
      const endpoint = sourceProxy.endpoint;
      const backUp = (type: string) =>
        runJson<Summary>(['backup', type, destination, '--bucket', source], { env, endpoint });

      const full = await backUp('full');
      expect(full).toMatchObject({ exitCode: 0, answer: { status: 'complete' } });
      await store.putObject(source, 'new', contentOf(noise(12 * MIB, 'new')));
      try {
        const next = await backUp('incremental');
        expect(next).toMatchObject({ exitCode: 0, answer: { parent: full.answer.id } });
        expect(next.answer.objects).toMatchObject({ captured: 1, unchanged: 121 });
        const target = freshBucketName();
        const args = ['restore', `${destination}/${next.answer.id}`, '--as', `${source}=${target}`];
        const { exitCode, stderr } = await run(args, { env, endpoint });
        expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
        expect(await snapshot(store, target)).toEqual(await snapshot(store, source));
        await removeBucket(store, target);
      } finally {
        await store.deleteObject(source, 'new');
      }
      expect(failures).toBeGreaterThan(0);
      for (const one of [proxy, sourceProxy]) one.setPlan(() => undefined);
      for (const { id } of (
        await runJson<{ backups: Summary[] }>(['backup', 'list', destination], { env })
      ).answer.backups) {
        const verified = await runJson(['backup', 'verify', `${destination}/${id}`], { env });
        expect(verified).toMatchObject({ exitCode: 0, answer: { status: 'ok' } });
      }
      expect(await names()).toHaveLength(4);
      expect(await uploadsAt(store, bucket)).toEqual([]);
    });
  },
);

/** Every way in which a request fails, as far as it can be of this method. */
function faultFor(method: string, which: number): Fault {
  const body: Fault =
    method === 'PUT'
      ? { kind: 'cut-upload', afterBytes: 10_000 }
      : { kind: 'cut', afterBytes: 100 };
  const faults: Fault[] = [
    { kind: 'refuse' },
    { kind: 'lose' },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 500, code: 'InternalError' },
    body,
  ];
  return faults[Math.floor(which * faults.length)] ?? { kind: 'refuse' };
}
