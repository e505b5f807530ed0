import { createHash } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useJobResults } from '../helpers/job-results.js';
import { noise, seed } from '../helpers/seed.js';
import { contentOf, freshBucket, removeBucket } from '../helpers/test-store.js';

const jobs = useJobResults();
const { complete, download, downloading, downloadJson } = jobs;
const kept = (name: string) => readFile(join(jobs.folder, name));

interface Saved {
  files: Record<string, unknown>[];
  failures: { job_id: string; code: string; reason: string }[];
  error?: { code: string; message: string; hint: string | null };
}

describe('jobs download', () => {
  it('saves the result in the working folder, checked by its MD5, and says so', async () => {
    const content = await complete('4711');
    const { exitCode, stdout, stderr } = await download(['4711']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toBe('✓ job 4711: 4711-result.zip (97.7 KiB)\n');
    expect(await jobs.files()).toEqual(['4711-result.zip']);
    expect((await kept('4711-result.zip')).equals(content)).toBe(true);
  });

  it('tells in JSON where it is and what it is', async () => {
    const content = await complete('4711');
    const { exitCode, answer } = await downloadJson<Saved>(['4711']);
    expect(exitCode).toBe(0);
    const etag = createHash('md5').update(content).digest('hex');
    expect(answer).toEqual({
      files: [
        {
          ...{ job_id: '4711', status: 'completed', path: join(jobs.folder, '4711-result.zip') },
          ...{ size_bytes: 100_000, bucket: jobs.bucket, key: 'processed/4711/result.zip', etag },
          ...{ content_type: 'application/zip', md5_checked: true, resumed_from: 0 },
        },
      ],
      failures: [],
    });
  });

  it('takes the video of newer workers, and the zip before it where both are there', async () => {
    const video = await complete('4711', noise(5000, 'video'), 'outputs/{job}/video.mp4');
    expect((await download(['4711'])).exitCode).toBe(0);
    expect((await kept('4711-video.mp4')).equals(video)).toBe(true);
    await complete('4711');
    const { answer } = await downloadJson<Saved>(['4711']);
    expect(answer.files[0]).toMatchObject({ key: 'processed/4711/result.zip' });
  });

  it('finds it in the buckets of a deployment that has several', async () => {
    const content = await complete('4711', undefined, '{job}/result.zip');
    const paths = `no-such-bucket-${jobs.bucket}/{job}/x.zip,${jobs.bucket}/{job}/result.zip`;
    const env = { S3_BUCKET: '', JOB_RESULT_PATHS: paths };
    expect((await download(['4711'], { env })).exitCode).toBe(0);
    expect((await kept('4711-result.zip')).equals(content)).toBe(true);
  });

  it.each([
    ['a path', '"made/4711/final.zip"'],
    ['an object', '{"ok":true,"result":{"output_path":"made/4711/final.zip"},"thumb":"a/b"}'],
    ['bucket and key', '{"bucket":"BUCKET","key":"made/4711/final.zip"}'],
    ['a URL of the store', '{"url":"STORE/BUCKET/made/4711/final.zip?X-Amz-Expires=1"}'],
  ])('finds it where the return value says: %s', async (_form, returned) => {
    await seed(jobs.store, jobs.bucket, [{ key: 'made/4711/final.zip', content: noise(9, 'f') }]);
    await jobs.redis.zadd('bull:ai-job:completed', 1, '4711');
    const value = returned.replace('BUCKET', jobs.bucket).replace('STORE', jobs.store.endpoint);
    await jobs.redis.hset('bull:ai-job:4711', { returnvalue: value });
    const { exitCode, answer } = await downloadJson<Saved>(['4711']);
    expect(exitCode).toBe(0);
    expect(answer.files[0]).toMatchObject({ status: 'completed', key: 'made/4711/final.zip' });
    expect(await jobs.files()).toEqual(['4711-result.zip']);
  });

  it('refuses another bucket that the return value names, unless it is listed or --any-bucket', async () => {
    const other = await freshBucket(jobs.store);
    await seed(jobs.store, other, [{ key: 'of-bob.zip', content: noise(9, 'f') }]);
    await jobs.redis.zadd('bull:ai-job:completed', 1, '4711');
    const returnvalue = JSON.stringify({ path: `s3://${other}/of-bob.zip` });
    await jobs.redis.hset('bull:ai-job:4711', { returnvalue });
    for (const args of [[], ['--url'], ['-o', '-']]) {
      const { exitCode, stdout, stderr } = await download(['4711', ...args]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 8, stdout: '' });
      expect(stderr).toContain(`its return value names the bucket ${other}`);
      expect(stderr).toContain('--any-bucket');
    }
    expect((await download(['4711', '--any-bucket'])).exitCode).toBe(0);
    const env = { JOB_RESULT_BUCKETS: `${jobs.bucket},${other}` };
    expect((await download(['4711', '--force'], { env })).exitCode).toBe(0);
    await removeBucket(jobs.store, other);
  });

  it('of an empty result makes an empty file', async () => {
    await complete('empty', Buffer.alloc(0));
    expect((await download(['empty'])).exitCode).toBe(0);
    expect(await kept('empty-result.zip')).toHaveLength(0);
    expect(await jobs.files()).toEqual(['empty-result.zip']);
  });

  it('of a result whose ETag is not an MD5 checks the length, and says so', async () => {
    await complete('parts');
    const key = 'processed/parts/result.zip';
    const content = noise(6 * 1024 * 1024, 'parts');
    const id = await jobs.store.createMultipartUpload(jobs.bucket, key);
    const part = contentOf(content);
    const etag = await jobs.store.uploadPart(jobs.bucket, key, id, 1, part);
    await jobs.store.completeMultipartUpload(jobs.bucket, key, id, [{ partNumber: 1, etag }]);
    const { exitCode, stdout } = await download(['parts']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('length checked, its ETag is not an MD5');
    expect((await kept('parts-result.zip')).equals(content)).toBe(true);
  });
});

describe('where the result goes', () => {
  it('-o is a file, a folder that is there, or a folder with a slash', async () => {
    const content = await complete('4711');
    await mkdir(join(jobs.folder, 'results'));
    await mkdir(join(jobs.folder, 'more'));
    for (const output of ['mine.zip', 'results', './more/']) {
      expect((await download(['4711', '-o', output])).exitCode).toBe(0);
    }
    for (const name of ['mine.zip', 'results/4711-result.zip', 'more/4711-result.zip']) {
      expect((await kept(name)).equals(content)).toBe(true);
    }
  });

  it.each([
    [['4711', '-o', 'missing/'], 'missing/ is not a folder'],
    [['4711', '-o', 'missing/x.zip'], 'there is no such folder'],
    [['4711', '4712', '-o', 'one.zip'], 'is not a folder, and there are several jobs'],
    [['4711', '4712', '-o', '-'], '-o - accepts only one job'],
    [['4711', '-o', '-', '--json'], '-o - and --json cannot be combined'],
    [['4711', '-o', ''], 'must not be empty'],
    [['4711', '--expires', '1h'], '--expires needs --url'],
    [['4711', '--url', '--force'], 'omit -o and --force'],
    [['4711', '--url', '--expires', '8d'], 'must be at most 7d'],
    [['4711', '--url', '--expires', 'soon'], 'must be a duration'],
    [['4711', '--csv'], 'has no rows'],
  ])('%j is wrong usage: status 2', async (args, message) => {
    await complete('4711');
    await complete('4712');
    const { exitCode, stdout, stderr } = await download(args);
    expect(exitCode).toBe(2);
    expect(stderr + stdout).toContain(message);
    expect(await jobs.files()).toEqual([]);
  });

  it('-o - is stdout, which then carries the bytes alone', async () => {
    const content = await complete('4711', noise(3 * 1024 * 1024, 'large'));
    const program = downloading(['4711', '-o', '-']);
    const chunks: Buffer[] = [];
    program.stdout.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
    expect((await program).exitCode).toBe(0);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(await jobs.files()).toEqual([]);
  });

  it('-o - into a reader that leaves ends quietly', async () => {
    await complete('4711', noise(3 * 1024 * 1024, 'large'));
    const program = downloading(['4711', '-o', '-']);
    program.stdout.once('data', () => program.stdout.destroy());
    const { exitCode, stderr } = await program;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });
});

describe('a file in the way', () => {
  it('is not overwritten: status 8, and its name is told', async () => {
    await complete('4711');
    await writeFile(join(jobs.folder, '4711-result.zip'), 'mine');
    const { exitCode, answer } = await downloadJson<Saved>(['4711']);
    expect({ exitCode, code: answer.error?.code }).toEqual({ exitCode: 8, code: 'refused' });
    expect(answer.error?.message).toContain(join(jobs.folder, '4711-result.zip'));
    expect(answer.error?.hint).toContain('--force');
    expect(await kept('4711-result.zip')).toEqual(Buffer.from('mine'));
    expect(await jobs.files()).toEqual(['4711-result.zip']);
  });

  it('is with --force', async () => {
    const content = await complete('4711');
    await writeFile(join(jobs.folder, '4711-result.zip'), 'mine');
    expect((await download(['4711', '--force'])).exitCode).toBe(0);
    expect((await kept('4711-result.zip')).equals(content)).toBe(true);
  });

  it('stays where it is a link, which --force replaces and does not follow', async () => {
    const content = await complete('4711');
    await writeFile(join(jobs.folder, 'precious'), 'mine');
    await symlink('precious', join(jobs.folder, '4711-result.zip'));
    expect((await download(['4711'])).exitCode).toBe(8);
    expect((await download(['4711', '--force'])).exitCode).toBe(0);
    expect(await kept('precious')).toEqual(Buffer.from('mine'));
    expect((await kept('4711-result.zip')).equals(content)).toBe(true);
  });

  it('that is a folder or a device is never replaced', async () => {
    await complete('4711');
    await mkdir(join(jobs.folder, '4711-result.zip'));
    for (const args of [['4711'], ['4711', '-o', '/dev/null']]) {
      const { exitCode, stderr } = await download([...args, '--force']);
      expect(exitCode).toBe(8);
      expect(stderr).toContain('exists and is not a file');
    }
  });
});

describe('a job that has no result', () => {
  it.each([
    ['wait', 'pending (waiting)'],
    ['paused', 'pending (paused)'],
    ['active', 'processing (active)'],
  ])('because it is in %s is status 8, with the state', async (list, shown) => {
    await complete('4711');
    await jobs.redis.hset('bull:ai-job:4711', 'data', '{}');
    await jobs.redis.rpush(`bull:ai-job:${list}`, '4711');
    const { exitCode, answer } = await downloadJson<Saved>(['4711']);
    expect({ exitCode, code: answer.error?.code }).toEqual({ exitCode: 8, code: 'refused' });
    expect(answer.error?.message).toBe(`job 4711 is not completed: it is ${shown}`);
    expect(await jobs.files()).toEqual([]);
  });

  it.each([
    ['failed', 'failed'],
    ['delayed', 'pending (delayed)'],
    ['prioritized', 'pending (prioritized)'],
    ['waiting-children', 'pending (waiting-children)'],
  ])('because it is in %s is status 8, with the state (sorted set)', async (set, shown) => {
    await complete('4711');
    await jobs.redis.hset('bull:ai-job:4711', 'data', '{}');
    await jobs.redis.zadd(`bull:ai-job:${set}`, 1, '4711');
    const { exitCode, stderr } = await download(['4711']);
    expect(exitCode).toBe(8);
    expect(stderr).toContain(`job 4711 is not completed: it is ${shown}\n`);
  });

  it.each(['failed', 'skipped', 'processing'])(
    'by its billing record (%s) is status 8',
    async (status) => {
      await complete('4711');
      await jobs.redis.hset('billing:job:4711', { status });
      expect((await download(['4711'])).exitCode).toBe(8);
    },
  );

  it('because it was removed is status 4, and says so', async () => {
    await complete('gone');
    await jobs.store.deleteObject(jobs.bucket, 'processed/gone/result.zip');
    const { exitCode, answer } = await downloadJson<Saved>(['gone']);
    expect(exitCode).toBe(4);
    expect(answer.error?.message).toContain('job gone is completed, but its result is gone');
    expect(answer.error?.message).toContain(`${jobs.bucket}/outputs/gone/video.mp4`);
    expect(answer.error?.hint).toContain('lifecycle');
  });

  it('because nobody knows it is status 4', async () => {
    await seed(jobs.store, jobs.bucket, [
      { key: 'processed/nobody/result.zip', content: noise(9, 'x') },
    ]);
    const { exitCode, answer } = await downloadJson<Saved>(['nobody']);
    expect(exitCode).toBe(4);
    expect(answer.error).toMatchObject({ code: 'not_found', message: 'no such job: nobody' });
  });

  it('of a record without a status: the files decide', async () => {
    await complete('4711');
    await jobs.redis.hdel('billing:job:4711', 'status');
    const { exitCode, answer } = await downloadJson<Saved>(['4711']);
    expect({ exitCode, status: answer.files[0]?.status }).toEqual({
      exitCode: 0,
      status: 'unknown',
    });
    await jobs.redis.hset('billing:job:4712', { user_id: 'alice' });
    expect((await download(['4712'])).exitCode).toBe(4);
  });

  it('of another queue has no billing record', async () => {
    await complete('4711');
    expect((await download(['4711', '--queue', 'scan-job'])).exitCode).toBe(4);
    await jobs.redis.hset('bull:scan-job:4711', 'data', '{}');
    await jobs.redis.zadd('bull:scan-job:completed', 1, '4711');
    expect((await download(['4711', '--queue', 'scan-job'])).exitCode).toBe(0);
  });

  it('without credentials of the store is status 2, at once', async () => {
    const env = { MINIO_ACCESS_KEY: '', MINIO_SECRET_KEY: '' };
    const { exitCode, stderr } = await download(['4711'], { env });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no credentials for the object store');
  }, 10_000);

  it('with Redis down is status 6', async () => {
    await complete('4711');
    const env = { REDIS_URL: 'redis://127.0.0.1:1' };
    expect((await download(['4711'], { env })).exitCode).toBe(6);
    expect(await jobs.files()).toEqual([]);
  });
});

describe('several jobs', () => {
  it('are saved in one run; one that is named twice, once', async () => {
    const [first, second] = [await complete('1'), await complete('2')];
    const { exitCode, answer } = await downloadJson<Saved>(['1', '2', '1']);
    expect({ exitCode, failures: answer.failures }).toEqual({ exitCode: 0, failures: [] });
    expect(answer.files.map(({ job_id: id }) => id)).toEqual(['1', '2']);
    expect((await kept('1-result.zip')).equals(first)).toBe(true);
    expect((await kept('2-result.zip')).equals(second)).toBe(true);
  });

  it('of which some fail are status 3: the others are saved, and each failure is told', async () => {
    await complete('1');
    await jobs.redis.hset('bull:ai-job:2', 'data', '{}');
    await jobs.redis.rpush('bull:ai-job:active', '2');
    const { exitCode, answer, stderr } = await downloadJson<Saved>(['nobody', '2', '1']);
    expect(exitCode).toBe(3);
    expect(answer.files).toMatchObject([{ job_id: '1' }]);
    expect(answer.failures).toEqual([
      { job_id: 'nobody', code: 'not_found', reason: 'no such job: nobody' },
      {
        ...{ job_id: '2', code: 'refused' },
        reason: 'job 2 is not completed: it is processing (active)',
      },
    ]);
    expect(answer.error).toBeUndefined();
    expect(stderr).toContain('mangamotion: no such job: nobody\n');
    expect(await jobs.files()).toEqual(['1-result.zip']);
  });

  it('that all fail alike have that status, and an error beside the list', async () => {
    const { exitCode, answer } = await downloadJson<Saved>(['a', 'b']);
    expect(exitCode).toBe(4);
    expect(answer.failures).toHaveLength(2);
    expect(answer.error).toMatchObject({ code: 'not_found' });
  });

  it('that all fail, each in its way, are status 3', async () => {
    await jobs.redis.hset('bull:ai-job:2', 'data', '{}');
    await jobs.redis.rpush('bull:ai-job:wait', '2');
    expect((await download(['a', '2'])).exitCode).toBe(3);
  });
});

describe('a hostile job id', () => {
  it.each([
    ['a b/../c', /^a_b_\.\._c~[0-9a-f]{12}-result\.zip$/],
    ['*?[x]', /^___x_~[0-9a-f]{12}-result\.zip$/],
    ['-rf', /^_rf~[0-9a-f]{12}-result\.zip$/],
    ['.hidden', /^_hidden~[0-9a-f]{12}-result\.zip$/],
    ['第1話:\u001b[2J', /^_1____2J~[0-9a-f]{12}-result\.zip$/],
    ['x'.repeat(700), /^x{80}~[0-9a-f]{12}-result\.zip$/],
  ])('%j gives a file in the folder, with a plain name', async (id, name) => {
    await jobs.redis.hset(`billing:job:${id}`, { user_id: 'alice', status: 'completed' });
    const key = `processed/${id}/result.zip`;
    // Some servers have no keys with `..` in them: then there is no such result.
    const taken = await jobs.store
      .putObject(jobs.bucket, key, contentOf(id))
      .then(() => true)
      .catch(() => false);
    const { exitCode, stdout, stderr } = await download(['--', id]);
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(exitCode).toBe(taken ? 0 : 4);
    const files = await jobs.files();
    expect(files).toEqual(taken ? [expect.stringMatching(name)] : []);
    for (const file of files) expect((await kept(file)).toString()).toBe(id);
  });
});
