import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { useJobResults } from '../helpers/job-results.js';
import { testStoreOptions } from '../helpers/test-store.js';

const jobs = useJobResults();
const { complete, download, downloadJson } = jobs;

interface Url {
  job_id: string;
  download_url: string;
  expires_in: number;
  content_type: string;
  expires_at: string;
  size_bytes: number;
  bucket: string;
  key: string;
}

async function bytesOf(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

describe('jobs download --url', () => {
  it('prints a URL with which anybody gets the result, and saves nothing', async () => {
    const content = await complete('4711');
    const { exitCode, stdout, stderr } = await download(['4711', '--url']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^http\S+\n$/);
    expect((await bytesOf(stdout.trim())).equals(content)).toBe(true);
    expect(await jobs.files()).toEqual([]);
  });

  it('has in JSON the fields of the HTTP API', async () => {
    await complete('4711');
    const { exitCode, answer } = await downloadJson<Url>(['4711', '--url', '--expires', '2d']);
    expect(exitCode).toBe(0);
    expect(answer).toMatchObject({
      ...{ job_id: '4711', expires_in: 172_800, content_type: 'application/zip' },
      ...{ size_bytes: 100_000, bucket: jobs.bucket, key: 'processed/4711/result.zip' },
    });
    expect(answer.download_url).toContain('X-Amz-Expires=172800');
    expect(new Date(answer.expires_at).getTime() - Date.now()).toBeGreaterThan(172_000_000);
    expect(decodeURIComponent(JSON.stringify(answer))).not.toContain(
      `${testStoreOptions().secretKey}"`,
    );
  });

  it('is for an hour where nothing is said, and for 7 days at most', async () => {
    const content = await complete('4711');
    const { answer } = await downloadJson<Url>(['4711', '--url']);
    expect(answer.expires_in).toBe(3600);
    const week = await downloadJson<Url>(['4711', '--url', '--expires', '7d']);
    expect((await bytesOf(week.answer.download_url)).equals(content)).toBe(true);
  });

  it('makes URLs that end: an expired one is refused', async () => {
    await complete('4711');
    const { answer } = await downloadJson<Url>(['4711', '--url', '--expires', '1s']);
    await sleep(2100);
    expect((await fetch(answer.download_url)).status).toBe(403);
  });

  it.each(['a+b c', '100%25 ページ', "it's (1)!*", 'x?y#z&a=b', '"quoted" <tag>'])(
    'works for the key of job %j',
    async (id) => {
      const content = await complete(id);
      const { answer } = await downloadJson<Url>([id, '--url']);
      expect((await bytesOf(answer.download_url)).equals(content)).toBe(true);
    },
  );

  it('is made for MINIO_PUBLIC_ENDPOINT, and read through it', async () => {
    const content = await complete('4711');
    const proxy = await startFaultyProxy(jobs.store.endpoint);
    const env = { MINIO_PUBLIC_ENDPOINT: proxy.endpoint };
    const { answer } = await downloadJson<Url>(['4711', '--url'], { env });
    expect(answer.download_url).toMatch(new RegExp(`^${proxy.endpoint}/`));
    expect(proxy.requests).toHaveLength(0);
    expect((await bytesOf(answer.download_url)).equals(content)).toBe(true);
    await proxy.close();
  });

  it('of several jobs is a line each, or a list; what failed is beside it: status 3', async () => {
    await complete('1');
    await complete('2');
    const people = await download(['1', '2', '--url']);
    expect(people.stdout.trim().split('\n')).toEqual([
      expect.stringContaining('/processed/1/result.zip?'),
      expect.stringContaining('/processed/2/result.zip?'),
    ]);
    const { exitCode, answer } = await downloadJson<{ urls: Url[]; failures: object[] }>([
      ...['1', 'nobody', '2', '--url'],
    ]);
    expect(exitCode).toBe(3);
    expect(answer.urls.map(({ job_id: id }) => id)).toEqual(['1', '2']);
    expect(answer.failures).toMatchObject([{ job_id: 'nobody', code: 'not_found' }]);
  });

  it('of a job that is not completed is status 8, of a result that is gone 4', async () => {
    await jobs.redis.hset('bull:ai-job:1', 'data', '{}');
    await jobs.redis.rpush('bull:ai-job:active', '1');
    expect((await download(['1', '--url'])).exitCode).toBe(8);
    await jobs.redis.hset('billing:job:2', { status: 'completed' });
    expect((await download(['2', '--url'])).exitCode).toBe(4);
  });
});
