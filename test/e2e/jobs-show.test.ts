import jpeg from 'jpeg-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/object-store/port.js';
import { run, runJson } from '../helpers/cli.js';
import { useLiveQueue } from '../helpers/live-queue.js';
import { contentOf, freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

interface ShownJob {
  id: string;
  status: string;
  source: string;
  attempts_made: number | null;
  waited_seconds: number | null;
  ran_seconds: number | null;
  stacktrace: string[];
  return_value: unknown;
  data: unknown;
  files: string[] | null;
  billing: { job_cost: number; metadata: unknown } | null;
  artifacts:
    | {
        kind: string;
        bucket: string;
        key: string;
        size_bytes: number;
        content_type: string | null;
      }[]
    | null;
  problems: unknown[];
  notes: string[];
  explain?: string[];
}

const { queue, records, env } = useLiveQueue();
let bucket: string;
let store: ObjectStore;

beforeAll(async () => {
  store = testStore();
  bucket = await freshBucket(store);
});
afterAll(async () => {
  await removeBucket(store, bucket);
  store.close();
});

const settings = () => ({ ...env(), S3_BUCKET: bucket });
const show = (id: string, ...args: string[]) =>
  runJson<ShownJob>(['jobs', 'show', id, ...args], { env: settings() });
const showText = (id: string, ...args: string[]) =>
  run(['jobs', 'show', id, ...args], { env: settings() });

async function put(key: string, bytes: string | Buffer, type: string): Promise<void> {
  const attributes = { headers: { 'content-type': type }, metadata: {} };
  await store.putObject(bucket, key, contentOf(bytes), { attributes });
}

async function completedRecord(id: string): Promise<void> {
  const now = new Date().toISOString();
  await records().job(id, {
    ...{ user_id: 'alice', status: 'completed', completed_at: now, timestamp: now },
    ...{ bytes_processed: 1024 ** 3, compute_seconds: 3600, metadata: '{"pages":12}' },
  });
}

describe('jobs show', () => {
  it('tells of a failed job when, how often and why', async () => {
    queue().work();
    await queue().add({
      user_id: 'alice',
      type: 'video',
      files: ['originals/1/a.jpg'],
      options: { style: 'ink' },
    });
    (await queue().begun('1')).fail('out of memory');
    await queue().ended('1');
    const { exitCode, answer } = await show('1');
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      ...{ id: '1', status: 'failed', source: 'queue', attempts_made: 1, billing: null },
      ...{ files: ['originals/1/a.jpg'], artifacts: [], problems: [] },
    });
    expect(answer.stacktrace[0]).toMatch(/^Error: out of memory\n +at /);
    expect(answer.waited_seconds).toBeGreaterThanOrEqual(0);
    expect(answer.ran_seconds).toBeGreaterThanOrEqual(0);
    const { stdout } = await showText('1');
    expect(stdout).toMatch(/^job +1\nstatus +✕ failed\n/);
    expect(stdout).toMatch(/\nstarted +2\S+Z, after \d/);
    expect(stdout).toMatch(/\nfinished +2\S+Z, took \d/);
    expect(stdout).toMatch(/\noptions +\{"style":"ink"\}\n/);
    expect(stdout).toMatch(/\n1 file\n {2}originals\/1\/a\.jpg\n/);
    expect(stdout).toContain('✕ out of memory\nError: out of memory\n    at ');
    expect(stdout).toContain('no result or preview in the object store');
  });

  it('tells of a completed job what it cost and what lies in the store', async () => {
    await completedRecord('77');
    await put('processed/77/result.zip', 'zip', 'application/zip');
    await put('processed/77/panels.json', '{}', 'application/json');
    await put('processed/778/result.zip', 'of another', 'application/zip');
    const { exitCode, answer } = await show('77', '--explain');
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      source: 'billing',
      billing: { job_cost: 0.361, metadata: { pages: 12 } },
    });
    expect(answer.explain?.join('\n')).toContain('0.361');
    expect(answer.artifacts).toMatchObject([
      {
        kind: 'result',
        key: 'processed/77/result.zip',
        size_bytes: 3,
        content_type: 'application/zip',
      },
      { kind: 'other', key: 'processed/77/panels.json', content_type: 'application/json' },
    ]);
    const { stdout } = await showText('77');
    expect(stdout).toMatch(
      new RegExp(`\nresult +${bucket}/processed/77/result\\.zip +3 B +application/zip `),
    );
    expect(stdout).toMatch(/\ncost +\$0\.3610\n/);
  });

  it('looks into another bucket that the return value names only where it is listed, or --any-bucket', async () => {
    const other = await freshBucket(store);
    const attributes = { headers: {}, metadata: {} };
    await store.putObject(other, 'of-bob.zip', contentOf('zip'), { attributes });
    const { redis } = records();
    const returnvalue = JSON.stringify({ path: `s3://${other}/of-bob.zip` });
    await redis.hset('bull:ai-job:76', { name: 'video', timestamp: '1', returnvalue });
    await redis.zadd('bull:ai-job:completed', 1, '76');
    const found = { kind: 'result', bucket: other, key: 'of-bob.zip', size_bytes: 3 };
    const refused = await show('76');
    expect(refused.answer.artifacts).toEqual([]);
    expect(refused.answer.notes).toEqual([
      `its return value names the bucket ${other}, which may not hold results`,
    ]);
    const anywhere = await show('76', '--any-bucket');
    expect(anywhere.answer).toMatchObject({ artifacts: [found], notes: [] });
    const listed = await runJson<ShownJob>(['jobs', 'show', '76'], {
      env: { ...settings(), JOB_RESULT_BUCKETS: other },
    });
    expect(listed.answer).toMatchObject({ artifacts: [found], notes: [] });
    await removeBucket(store, other);
  });

  it('says that a result is gone', async () => {
    await completedRecord('78');
    const { stdout } = await showText('78');
    expect(stdout).toContain('its result is no longer in the object store');
  });

  it('draws the preview', async () => {
    await completedRecord('79');
    const pixels = { width: 8, height: 8, data: Buffer.alloc(8 * 8 * 4, 250) };
    await put('processed/79/thumb.jpg', jpeg.encode(pixels, 90).data, 'image/jpeg');
    const plain = await showText('79', '--thumbnail');
    expect(plain.exitCode).toBe(0);
    expect(plain.stdout).toContain('█'.repeat(8));
    const colored = await run(['jobs', 'show', '79', '--thumbnail'], {
      env: { ...settings(), FORCE_COLOR: '3' },
    });
    expect(colored.stdout).toContain('\u001b[48;2;250;250;250m');
    await put('processed/79/thumb.jpg', 'no picture', 'image/jpeg');
    const broken = await showText('79', '--thumbnail');
    expect(broken.exitCode).toBe(3);
    expect(broken.stderr).toContain('thumb.jpg: it is not a JPEG');
    expect((await showText('78', '--thumbnail')).exitCode).toBe(4);
    expect(
      (await run(['jobs', 'show', '79', '--thumbnail', '--json'], { env: settings() })).exitCode,
    ).toBe(2);
  });

  it('works without an object store: status 3, and says so', async () => {
    await completedRecord('80');
    const more = { MINIO_ENDPOINT: 'http://127.0.0.1:1' };
    const { exitCode, answer, stderr } = await runJson<ShownJob>(['jobs', 'show', '80'], {
      env: { ...settings(), ...more },
    });
    expect({ exitCode, artifacts: answer.artifacts }).toEqual({ exitCode: 3, artifacts: null });
    expect(stderr).toContain('its files were not looked up');
  });

  it('shows what is not JSON as it is, and nothing that a terminal acts on', async () => {
    const { redis } = records();
    const stack = JSON.stringify(['Error\u001b[2J\n  at x']);
    const fields = {
      data: '\u001b[31mno JSON',
      opts: '[',
      failedReason: 'a\u001b[2Jb',
      stacktrace: stack,
    };
    await redis.hset('bull:ai-job:odd:*', fields);
    await redis.zadd('bull:ai-job:failed', 1, 'odd:*');
    const { stdout, stderr, exitCode } = await showText('odd:*');
    expect(exitCode).toBe(3);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(stdout).toContain('✕ a\\u001b[2Jb');
  });

  it('that nobody knows is status 4, with the next step', async () => {
    for (const id of ['99', 'meta', '*', 'x\ny']) {
      const { exitCode, stderr } = await showText(id);
      expect(exitCode).toBe(4);
      expect(stderr).toContain('jobs list');
    }
  });
});
