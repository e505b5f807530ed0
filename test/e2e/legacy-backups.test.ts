import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RestorePlan, RestoreReport } from '../../src/restore/report.js';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { policyOf, removeVersions } from '../helpers/bucket-documents.js';
import { run, runJson, runProcess } from '../helpers/cli.js';
import { startFaultyProxy, type FaultyProxy } from '../helpers/faulty-proxy.js';
import { noise, seed, snapshot } from '../helpers/seed.js';
import { freshBucket, freshBucketName, removeBucket, testStore } from '../helpers/test-store.js';

const FULL = 'minio_backup_full_20230105_020000';
const WRITTEN_AT = new Date('2023-01-05T01:02:03Z');

/** By key; names that a shell, a URL or a sort by UTF-16 would get wrong among them. */
const FILES: Record<string, { content: Buffer; type?: string }> = {
  'a+b & 100%.json': { content: Buffer.from('{}'), type: 'application/json' },
  'job-1.d/scan.PDF': { content: noise(3000, 'pdf'), type: 'application/pdf' },
  'job-1/pages/001.png': { content: noise(1500, 'png'), type: 'image/png' },
  'job-1/pages/ページ ～😀.webp': { content: noise(10, 'webp'), type: 'image/webp' },
  'job-1/video.mp4': { content: noise(2_500_000, 'mp4'), type: 'video/mp4' },
  'empty.txt': { content: Buffer.alloc(0), type: 'text/plain' },
  png: { content: Buffer.from('no ending') },
};

const store = testStore();
const { folder, remove } = temporaryFolder();
/** Where tar.gz are unpacked: what is left there is left behind. */
const temporary = join(folder, 'tmp');
const env = { TMPDIR: temporary };
let proxy: FaultyProxy;
let bucket: string;
let other: string;

beforeAll(async () => {
  mkdirSync(temporary);
  proxy = await startFaultyProxy(process.env.TEST_S3_ENDPOINT ?? '');
  bucket = freshBucketName();
  other = freshBucketName();
  const files = Object.entries(FILES).map(([key, { content }]) => [
    `data/${bucket}/${key}`,
    content,
  ]);
  makeTree('trees', FULL, {
    ...(Object.fromEntries(files) as Record<string, Buffer>),
    [`metadata/${bucket}_policy.json`]: policyOf(bucket),
    [`metadata/${bucket}_lifecycle.json`]:
      '{"Rules":[{"Expiration":{"Days":30},"ID":"tmp","Filter":{"Prefix":"tmp/"},"Status":"Enabled"}]}',
    [`metadata/${bucket}_versioning.json`]: `minio/${bucket} versioning is enabled\n`,
    [`metadata/${bucket}_tags.txt`]: `Name    : minio/${bucket}\nteam    : manga motion\n`,
    [`metadata/${other}_policy.json`]: '',
    [`metadata/${other}_tags.txt`]: 'mc: <ERROR> Unable to fetch tags. The TagSet does not exist',
  });
  packTree('trees', 'tars', FULL);
});
beforeEach(() => {
  proxy.requests.length = 0;
});
afterAll(async () => {
  await proxy.close();
  store.close();
  remove();
});

function makeTree(place: string, id: string, files: Record<string, Buffer | string>): string {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, place, id, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, WRITTEN_AT, WRITTEN_AT);
  }
  return join(folder, place, id);
}

/** As the script did. */
function packTree(from: string, to: string, id: string, ...more: string[]): string {
  mkdirSync(join(folder, to), { recursive: true });
  const archive = join(folder, to, `${id}.tar.gz`);
  execFileSync('tar', ['-czf', archive, '-C', join(folder, from), ...more, id]);
  return archive;
}

const leftBehind = () => readdirSync(temporary);
/** Ceph says more of versioning than it was told, so that this one is written again. */
const writes = () =>
  proxy.requests.filter(
    ({ method, path }) => !['GET', 'HEAD'].includes(method) && !path.endsWith('?versioning'),
  );
const FORMS = ['trees', 'tars'];

describe.each(FORMS)('a backup of backup-minio.sh among the %s', (place) => {
  const backup = join(folder, place, FULL);

  it('is listed as legacy', async () => {
    const { exitCode, answer } = await runJson(['backup', 'list', dirname(backup)]);
    const bytes = place === 'trees' ? null : readFileSync(`${backup}.tar.gz`).length;
    expect({ exitCode, answer }).toMatchObject({
      exitCode: 0,
      answer: {
        backups: [
          {
            id: FULL,
            status: 'legacy',
            type: 'full',
            created_at: '2023-01-05T02:00:00.000Z',
            archive_bytes: bytes,
          },
        ],
      },
    });
    const { stdout } = await run(['backup', 'list', dirname(backup)]);
    expect(stdout).toMatch(new RegExp(`${FULL} .* legacy`));
  });

  it('is shown with its objects, in the order of keys, and what is not understood of it', async () => {
    const shown = await runJson(['backup', 'show', backup], { env });
    expect(shown.answer).toMatchObject({
      status: 'legacy',
      objects: { total: 7 },
      failures: [
        { bucket: other, document: 'policy' },
        { bucket: other, document: 'tagging' },
      ],
    });
    const ls = await runJson<{ objects: { key: string; last_modified: string }[] }>(
      ['backup', 'ls', `${backup}.tar.gz`],
      { env },
    );
    const keys = ls.answer.objects.map(({ key }) => key);
    const inBytes = Object.keys(FILES).sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    expect(keys).toEqual(inBytes);
    expect(ls.answer.objects[0]).toMatchObject({ last_modified: WRITTEN_AT.toISOString() });
    expect(leftBehind()).toEqual([]);
  });

  it('is restored with content types and documents, and a second time transfers nothing', async () => {
    const planned = await runJson<RestorePlan>(['restore', backup, '--dry-run'], {
      env,
      endpoint: proxy.endpoint,
    });
    expect(planned.answer.buckets).toMatchObject(
      [
        { bucket, create_bucket: true, create: 7 },
        { bucket: other, create_bucket: true, create: 0 },
      ].sort((a, b) => (a.bucket < b.bucket ? -1 : 1)),
    );
    expect(planned.answer.problems).toHaveLength(2);
    expect(writes()).toEqual([]);

    const first = await runJson<RestoreReport>(['restore', backup], { env });
    expect(first).toMatchObject({
      exitCode: 0,
      answer: { restored: { objects: 7 }, failures: [] },
    });
    expect(first.answer.problems.join()).toContain('The TagSet does not exist');
    const restored = await snapshot(store, bucket);
    expect([...restored.keys()].sort()).toEqual(Object.keys(FILES).sort());
    for (const [key, { content, type }] of Object.entries(FILES)) {
      const { body, head } = await store.getObject(bucket, key);
      const parts: Buffer[] = [];
      for await (const part of body as AsyncIterable<Buffer>) parts.push(part);
      expect(Buffer.concat(parts).equals(content)).toBe(true);
      if (type !== undefined) expect(head.headers['content-type']).toBe(type);
      else expect(head.headers['content-type'] ?? '').not.toContain('image');
    }
    const tags = await store.readBucketDocument(bucket, 'tagging');
    expect(tags.state === 'captured' && tags.content.toString()).toContain('manga motion');
    const policy = await store.readBucketDocument(bucket, 'policy');
    const statements = (text: string) => (JSON.parse(text) as { Statement: unknown }).Statement;
    expect(policy.state === 'captured' && statements(policy.content.toString())).toEqual(
      statements(policyOf(bucket)),
    );
    for (const kind of ['versioning', 'lifecycle'] as const) {
      expect((await store.readBucketDocument(bucket, kind)).state).toBe('captured');
    }

    proxy.requests.length = 0;
    const again = await runJson<RestoreReport>(['restore', backup], {
      env,
      endpoint: proxy.endpoint,
    });
    expect(again).toMatchObject({ exitCode: 0, answer: { restored: { objects: 0 } } });
    expect(writes()).toEqual([]);
    await removeVersions(store, bucket);
    await removeVersions(store, other);
    expect(leftBehind()).toEqual([]);
  });

  it('gives back a single object into another bucket', async () => {
    const target = await freshBucket(store);
    const args = ['restore', backup, '--bucket', bucket, '--as', `${bucket}=${target}`];
    const key = ['--key', 'job-1/pages/001.png'];
    const one = await runJson<RestoreReport>([...args, ...key], { env });
    expect(one).toMatchObject({ exitCode: 0, answer: { restored: { objects: 1, bytes: 1500 } } });
    const prefix = await runJson<RestoreReport>([...args, '--prefix', 'job-1/'], { env });
    expect(prefix.answer.restored.objects).toBe(2);
    await seed(store, target, [{ key: 'empty.txt', content: Buffer.from('changed since') }]);
    const fail = await run([...args, 'data', '--on-conflict', 'fail'], { env });
    expect(fail.exitCode).toBe(8);
    await removeBucket(store, target);
  });

  it('refuses to be checked, or to decide what is too much in the target', async () => {
    const verified = await run(['backup', 'verify', backup], { env });
    expect(verified).toMatchObject({ exitCode: 8 });
    expect(verified.stderr).toContain('no digests');
    const args = ['restore', backup, 'data', '--delete-extra', '--dry-run'];
    const deleted = await run(args, { env });
    expect(deleted).toMatchObject({ exitCode: 8 });
    expect(deleted.stderr).toContain('it is legacy');
    expect(leftBehind()).toEqual([]);
  });
});

describe('what is odd in a legacy backup', () => {
  it('is named: links are not followed, and the rest comes back with status 3', async () => {
    const id = 'minio_backup_full_20230106_020000';
    const tree = makeTree('odd', id, { [`data/${bucket}/a`]: 'a', 'data/stray': 's' });
    symlinkSync('/etc/passwd', join(tree, 'data', bucket, 'link'));
    packTree('odd', 'odd-tars', id);
    for (const place of ['odd', 'odd-tars']) {
      const args = ['restore', join(folder, place, id)];
      const plan = await runJson<RestorePlan>([...args, '--dry-run'], { env });
      expect(plan.answer.problems.join()).toContain(`${bucket}/link cannot be restored`);
      const { exitCode, answer } = await runJson<RestoreReport>(args, { env });
      expect({ exitCode, answer }).toMatchObject({
        exitCode: 3,
        answer: { failures: [{ bucket, key: 'link' }] },
      });
      expect(answer.problems.join()).toContain('stray');
      expect([...(await snapshot(store, bucket)).keys()]).toEqual(['a']);
      const other = await runJson<RestoreReport>([...args, '--key', 'a'], { env });
      expect(other).toMatchObject({ exitCode: 0, answer: { failures: [] } });
    }
    await removeBucket(store, bucket);
  });

  it('is told of an incremental one: it is no whole state', async () => {
    const id = 'minio_backup_incremental_20230107_020000';
    const backup = makeTree('odd', id, { [`data/${bucket}/a`]: 'a' });
    const { answer } = await runJson<RestorePlan>(['restore', backup, '--dry-run']);
    expect(answer.problems.join()).toContain('only changed files and no deletions');
  });

  it('leaves backups with a summary as they are: the newest, the parents, the list', async () => {
    const source = await freshBucket(store);
    await seed(store, source, [{ key: 'k', content: Buffer.from('v') }]);
    const { id } = await backUp(store, join(folder, 'trees'), [source]);
    const list = await runJson<{ backups: { id: string }[] }>([
      'backup',
      'list',
      join(folder, 'trees'),
    ]);
    expect(list.answer.backups.map((backup) => backup.id)).toEqual([FULL, id]);
    const latest = await runJson(['backup', 'show', join(folder, 'trees'), '--latest']);
    expect(latest.answer).toMatchObject({ id, status: 'complete' });
    const prune = await runJson(['backup', 'prune', join(folder, 'trees'), '--keep-days', '1']);
    expect(prune.exitCode).toBe(0);
    expect(readdirSync(join(folder, 'trees'))).toContain(FULL);
    await removeBucket(store, source);
  });
});

describe('a tar.gz that is damaged or hostile', () => {
  async function refused(archive: string): Promise<string> {
    const before = readdirSync(folder);
    for (const args of [
      ['backup', 'ls', archive],
      ['restore', archive],
    ]) {
      const { exitCode, answer } = await runJson<{ error: { code: string } }>(args, { env });
      expect({ exitCode, code: answer.error.code }).toEqual({ exitCode: 5, code: 'damaged' });
    }
    expect(leftBehind()).toEqual([]);
    expect(readdirSync(folder)).toEqual(before);
    const { stderr } = await run(['backup', 'show', archive], { env });
    return stderr;
  }

  it.each([0, 1, 300, -1, -9])('is refused where it is cut to %d bytes', async (bytes) => {
    const broken = join(folder, 'broken', `${FULL}.tar.gz`);
    mkdirSync(dirname(broken), { recursive: true });
    writeFileSync(broken, readFileSync(join(folder, 'tars', `${FULL}.tar.gz`)).subarray(0, bytes));
    expect(await refused(broken)).toContain('not a complete tar.gz');
  });

  it('is refused where a byte was changed', async () => {
    const broken = join(folder, 'broken', `${FULL}.tar.gz`);
    mkdirSync(dirname(broken), { recursive: true });
    const bytes = readFileSync(join(folder, 'tars', `${FULL}.tar.gz`));
    const middle = Math.floor(bytes.length / 2);
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(broken, bytes);
    expect(await refused(broken)).toContain('not a complete tar.gz');
  });

  it.each([
    ['a way out', `s,^${FULL}/data/stray$,${FULL}/../../../escaped,`],
    ['an absolute path', `s,^${FULL}/data/stray$,/tmp/mangamotion-escaped,`],
    ['another folder', `s,^${FULL}/,elsewhere/,`],
  ])('is refused where it has %s', async (_, transform) => {
    makeTree('hostile', FULL, { 'data/stray': 'evil', [`data/${bucket}/a`]: 'a' });
    const archive = packTree('hostile', 'hostile-tars', FULL, '-P', '--transform', transform);
    expect(await refused(archive)).toContain('is not in the folder');
  });

  it('writes nothing through a link that it brings itself', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    const tree = makeTree('through', FULL, { [`data/${bucket}/x`]: 'x' });
    symlinkSync(outside, join(tree, 'data', bucket, 'out'));
    const archive = join(folder, 'through', `${FULL}.tar`);
    execFileSync('tar', ['-cf', archive, '-C', join(folder, 'through'), FULL]);
    rmSync(join(tree, 'data', bucket, 'out'));
    mkdirSync(join(tree, 'data', bucket, 'out'));
    writeFileSync(join(tree, 'data', bucket, 'out', 'evil'), 'evil');
    const evil = `${FULL}/data/${bucket}/out/evil`;
    execFileSync('tar', ['-rf', archive, '-C', join(folder, 'through'), evil]);
    execFileSync('gzip', [archive]);
    rmSync(tree, { recursive: true });
    const { exitCode } = await run(['backup', 'ls', `${archive}.gz`], { env });
    expect(exitCode).toBe(0);
    expect(readdirSync(outside)).toEqual([]);
    expect(leftBehind()).toEqual([]);
  });
});

describe('a restore from a tar.gz that is stopped', () => {
  it.each([1, 2])('by %d SIGINT leaves nothing behind', async (signals) => {
    const planning = new Promise<void>((resolve) => {
      proxy.setPlan(({ path }) => {
        if (!path.startsWith(`/${bucket}`) && !path.startsWith(`/${other}`)) return undefined;
        resolve();
        return { kind: 'ignore' };
      });
    });
    const archive = join(folder, 'tars', FULL);
    const running = runProcess(['restore', archive], { env, endpoint: proxy.endpoint });
    await planning;
    expect(leftBehind()).toHaveLength(1);
    for (let sent = 0; sent < signals; sent++) running.kill('SIGINT');
    expect((await running).exitCode).toBe(130);
    expect(leftBehind()).toEqual([]);
  });
});
