import { execFile } from 'node:child_process';
import http from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { safeParse, type GenericSchema } from 'valibot';
import { afterEach, describe, expect, it } from 'vitest';
import * as documents from '../../../src/serve/schemas/jobs.js';
import { BullQueues, fillQueue, jobData, type FilledQueue } from '../../helpers/bull-queues.js';
import { waitUntil } from '../../helpers/child-processes.js';
import { storeSettings } from '../../helpers/cli.js';
import { runHere } from '../../helpers/in-process.js';
import { useJobResults } from '../../helpers/job-results.js';
import { startSilentServer } from '../../helpers/redis-proxy.js';
import { seed } from '../../helpers/seed.js';
import { documentOf, useServers, type ServeAnswer } from '../../helpers/serve.js';

const used = useJobResults();
const serve = useServers();
const shell = promisify(execFile);
const open: BullQueues[] = [];
afterEach(async () => {
  for (const bull of open.splice(0)) await bull.close();
});

const env = (more: Record<string, string> = {}): Record<string, string> =>
  storeSettings({ env: { REDIS_URL: used.server.url, S3_BUCKET: used.bucket, ...more } });

async function bullQueues(): Promise<BullQueues> {
  const bull = await BullQueues.load(5, used.server.url);
  open.push(bull);
  return bull;
}

async function filled(): Promise<FilledQueue> {
  return await fillQueue(await bullQueues(), 'ai-job');
}

async function printed(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await runHere([...args, '--json'], { env: env() });
  return JSON.parse(stdout) as Record<string, unknown>;
}

function checked(answer: ServeAnswer, schema: GenericSchema): Record<string, unknown> {
  expect(answer.status).toBe(200);
  expect(answer.headers['cache-control']).toBe('no-store');
  const document = documentOf(answer);
  expect(safeParse(schema, document).issues).toBeUndefined();
  return document;
}

const jobsIn = (document: Record<string, unknown>) => document.jobs as Record<string, unknown>[];
const TOKENS = { SERVE_ADMIN_TOKEN: 'a'.repeat(40) };
/** Behind a proxy that logs users in, as alice. */
const BEHIND = ['--behind-proxy', '127.0.0.1'];
const ALICE = { 'x-user-id': 'alice' };

describe('GET /api/jobs', () => {
  it('is the document of jobs list, with counts, workers and the names of dashboards', async () => {
    const ids = await filled();
    await used.complete('old-1');
    const server = await serve([], env());
    const all = checked(await server.get('/api/jobs'), documents.listDocument);
    const command = await printed('jobs', 'list', '--no-files');
    const names = Object.keys(jobsIn(command)[0] ?? {});
    const asCommand = jobsIn(all).map((job) => names.map((name) => [name, job[name]]));
    expect(asCommand).toEqual(jobsIn(command).map((job) => names.map((name) => [name, job[name]])));
    for (const name of [
      'total',
      'limit',
      'offset',
      'read',
      'worker_connected',
      'problems',
      'notes',
    ])
      expect([name, all[name]]).toEqual([name, command[name]]);
    expect(all).toMatchObject({ user_id: null, workers: 1, worker_connected: true });
    const counts = all.counts as Record<string, number>;
    expect(counts).toMatchObject({ processing: 2, failed: 1, all: all.total, skipped: 0 });
    const failed = jobsIn(all).find(({ id }) => id === ids.failed);
    expect(failed).toMatchObject({ error: 'boom 3', fileCount: 2, totalSize: null });
    expect(failed?.createdAt).toBe(failed?.created_at);
    expect(failed?.completedAt).toBe(failed?.finished_at);
    const old = jobsIn(all).find(({ id }) => id === 'old-1');
    expect(old?.thumbnailKey).toContain('old-1');
  });

  it('is filtered and paged, and counts all statuses all the same', async () => {
    const ids = await filled();
    const server = await serve([], env());
    const get = async (query: string) =>
      checked(await server.get(`/api/jobs?${query}`), documents.listDocument);
    const failed = await get('user_id=alice&status=failed');
    expect(jobsIn(failed).map(({ id }) => id)).toEqual([ids.failed]);
    expect(failed).toMatchObject({ user_id: 'alice', total: 1 });
    expect((failed.counts as Record<string, number>).processing).toBe(2);
    const both = await get('status=failed,Processing');
    expect(both.total).toBe(3);
    const [first, second] = [await get('limit=2'), await get('limit=2&offset=2')];
    expect(new Set([...jobsIn(first), ...jobsIn(second)].map(({ id }) => id)).size).toBe(4);
    expect((await get('user_id=nobody')).total).toBe(0);
    expect((await get('since=1h')).total).toBe((await get('')).total);
    expect((await get('until=2020-01-01')).total).toBe(0);
    expect((await get('queue=bull:ai-job')).total).toBe((await get('')).total);
  }, 60_000);

  it('is searched by id: all of it, or a part in upper or lower case', async () => {
    await filled();
    for (const id of ['Batch-1', 'batch-2', 'other'])
      await used.redis.hset(`billing:job:${id}`, {
        ...{ user_id: id === 'batch-2' ? 'bob' : 'alice', status: 'completed' },
        timestamp: `2026-01-0${id === 'Batch-1' ? 1 : 2}T00:00:00Z`,
      });
    const server = await serve([], env());
    const get = async (query: string) =>
      checked(await server.get(`/api/jobs?${query}`), documents.listDocument);
    const idsIn = async (query: string) => jobsIn(await get(query)).map(({ id }) => id);
    expect(await idsIn('id=BATCH')).toEqual(['batch-2', 'Batch-1']);
    expect(await idsIn('id=Batch-1')).toEqual(['Batch-1']);
    expect(await idsIn('id=batch&user_id=alice')).toEqual(['Batch-1']);
    expect(await idsIn('id=batch&limit=1&offset=1')).toEqual(['Batch-1']);
    expect(await idsIn('id=batch&status=failed')).toEqual([]);
    expect(await idsIn('id=*')).toEqual(['chapter-[1-9]*?']);
    const found = await get('id=batch&limit=1');
    expect(found).toMatchObject({ total: 2, counts: { all: 2, completed: 2, failed: 0 } });
    const all = await get('');
    const [newest] = jobsIn(all);
    expect(await idsIn(`id=${encodeURIComponent(String(newest?.id))}`)).toContain(newest?.id);
    expect((await get('queue=ai-job&id=none')).total).toBe(0);
    expect((await get('queue=bull:ai-job&id=none')).total).toBe(0);
    const proxied = await serve(BEHIND, env());
    const own = checked(await proxied.get('/api/jobs?id=batch', ALICE), documents.listDocument);
    expect(jobsIn(own).map(({ id }) => id)).toEqual(['Batch-1']);
  }, 60_000);

  it('looks up results when it is told to, and says when it could not', async () => {
    await used.complete('old-1');
    const here = await serve([], env());
    const found = checked(await here.get('/api/jobs?files=true'), documents.listDocument);
    expect(jobsIn(found)[0]?.result).toMatchObject({ bucket: used.bucket });
    const there = await serve([], env({ MINIO_ENDPOINT: 'http://127.0.0.1:1' }));
    const answer = await there.get('/api/jobs?files=true');
    const lacking = checked(answer, documents.listDocument);
    expect(lacking.problems).toEqual(['results were not looked up']);
    expect(answer.text).not.toContain('127.0.0.1');
  });

  it.each([
    ['limit=0', 'limit must be a whole number from 1 to 1000'],
    ['limit=1001', 'limit must be'],
    ['limit=1e3', 'limit must be'],
    ['offset=-1', 'offset must be'],
    ['offset=99999999999999999999', 'offset must be'],
    ['id=', 'id is empty'],
    [`id=${'x'.repeat(1100)}`, 'id is longer'],
    ['id=a&id=b', 'id is given twice'],
    ['status=done', 'status must be one or more of pending'],
    ['status=', 'status must be'],
    ['status=failed&status=pending', 'status is given twice'],
    ['since=yesterday', 'since must be a time'],
    ['since=2026-02-30', 'since must be a time'],
    ['since=1h&until=2020-01-01', 'since is after until'],
    ['user_id=', 'user_id is empty'],
    ['user_id=a&user_id=b', 'user_id is given twice'],
    ['queue=', 'queue must be'],
    [`queue=${'q'.repeat(300)}`, 'queue is longer'],
    ['files=maybe', 'files must be'],
  ])('?%s is 400', async (query, reason) => {
    const server = await serve([], env());
    const answer = await server.get(`/api/jobs?${query}`);
    expect(answer.status).toBe(400);
    expect(documentOf(answer).error).toContain(reason);
  });

  it('is 404 for a queue that is not there, 502 for a damaged one', async () => {
    const server = await serve([], env());
    expect((await server.get('/api/jobs?queue=none')).status).toBe(404);
    await used.redis.set('bull:odd:wait', 'text');
    expect((await server.get('/api/jobs?queue=odd')).status).toBe(502);
  });
});

describe('users', () => {
  it('see their own jobs, and nothing of others', async () => {
    const ids = await filled();
    await used.redis.hset('billing:job:foreign', { user_id: 'bob', status: 'completed' });
    await used.redis.set('billing:job:odd', 'text');
    const server = await serve(BEHIND, env(TOKENS));
    const get = (path: string) => server.get(path, ALICE);
    const list = checked(await get('/api/jobs'), documents.listDocument);
    expect(list.user_id).toBe('alice');
    expect(list.problems).toEqual([]);
    expect(jobsIn(list).every((job) => job.user_id === 'alice')).toBe(true);
    expect((await get('/api/jobs?user_id=bob')).status).toBe(403);
    expect((await get('/api/jobs?queue=other')).status).toBe(403);
    for (const id of [ids.waiting, 'foreign', 'none', 'meta', '..', '%2e%2e%2fx', 'a%00b']) {
      const answers = await Promise.all(
        ['', '/download', '/thumbnail'].map((rest) => get(`/api/jobs/${id}${rest}`)),
      );
      const errors = answers.map((answer) => [answer.status, documentOf(answer).error]);
      const isPath = id === '..';
      if (!isPath) expect(errors).toEqual(Array(3).fill([404, 'Job not found']));
      const status = await get(`/api/status/${id}`);
      if (!isPath)
        expect([status.status, documentOf(status)]).toEqual([200, { status: 'not_found' }]);
    }
    expect((await get(`/api/jobs/${ids.failed}`)).status).toBe(200);
    const nobody = await server.get('/api/jobs');
    expect(nobody.status).toBe(401);
    expect((await server.get('/api/jobs/events')).status).toBe(401);
  });
});

describe('GET /api/jobs/{id} and /api/status/{id}', () => {
  it('are also of a job whose id is events, for a client that asks for JSON', async () => {
    await used.redis.hset('billing:job:events', { user_id: 'bob', status: 'completed' });
    const server = await serve([], env());
    const json = { accept: 'application/json' };
    const shown = checked(await server.get('/api/jobs/events', json), documents.shownJob);
    expect(shown).toMatchObject({ id: 'events', user_id: 'bob', status: 'completed' });
    const status = checked(await server.get('/api/status/events'), documents.statusDocument);
    expect(status).toEqual(shown);
    for (const accept of [
      '*/*',
      'text/event-stream',
      'text/event-stream, application/json;q=0.9',
    ]) {
      const head = await server.request('HEAD', '/api/jobs/events', { headers: { accept } });
      expect(head.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    }
    const proxied = await serve(BEHIND, env());
    const ofAlice = await proxied.get('/api/jobs/events', { ...json, ...ALICE });
    expect([ofAlice.status, documentOf(ofAlice).error]).toEqual([404, 'Job not found']);
  });

  it('are the document of jobs show, with the old names and the cost explained', async () => {
    const ids = await filled();
    await used.complete('old-1');
    await used.redis.hset('billing:job:old-1', { bytes_processed: '1000', compute_seconds: '2' });
    const server = await serve([], env());
    for (const id of [ids.failed, ids.completed, ids.named, ids.waiting, 'old-1']) {
      const path = encodeURIComponent(id);
      const shown = checked(await server.get(`/api/jobs/${path}`), documents.shownJob);
      const status = checked(await server.get(`/api/status/${path}`), documents.statusDocument);
      const command = await printed('jobs', 'show', id, '--explain');
      const timeless = { waited_seconds: null, ran_seconds: null };
      expect({ ...shown, ...timeless }).toEqual({
        ...{ ...command, ...timeless },
        failedReason: command.failed_reason,
        returnvalue: command.return_value,
      });
      expect({ ...status, ...timeless }).toEqual({ ...shown, ...timeless });
    }
  });

  it('show a job while the store is away, without its address', async () => {
    await used.complete('old-1');
    const server = await serve([], env({ MINIO_ENDPOINT: 'http://127.0.0.1:1' }));
    const answer = await server.get('/api/jobs/old-1');
    const shown = checked(answer, documents.shownJob);
    expect(shown.problems).toEqual([
      'its files were not looked up: the object store is unavailable',
    ]);
    expect(answer.text).not.toContain('127.0.0.1');
    const health = await server.get('/api/health');
    expect(documentOf(health)).toMatchObject({ checks: { store: { status: 'unhealthy' } } });
    for (const what of ['download', 'thumbnail']) {
      const url = await server.get(`/api/jobs/old-1/${what}`);
      expect([url.status, documentOf(url).error]).toEqual([503, 'the object store is unavailable']);
    }
  });

  it('are 400 for an id that is too long', async () => {
    const server = await serve([], env());
    for (const path of ['jobs', 'status'])
      expect((await server.get(`/api/${path}/${'x'.repeat(1100)}`)).status).toBe(400);
  });
});

describe('GET /api/jobs/{id}/download and /thumbnail', () => {
  const JPEG = Buffer.from('a preview');

  it('give URLs for the public address, which curl downloads under a name', async () => {
    const content = await used.complete('job-abc123');
    const key = 'previews/job-abc123.jpg';
    await seed(used.store, used.bucket, [{ key, content: JPEG }]);
    const more = { JOB_PREVIEW_PATHS: 'previews/{job}.jpg' };
    const server = await serve([], env(more));
    const answer = await server.get('/api/jobs/job-abc123/download');
    const document = checked(answer, documents.downloadDocument);
    const command = await printed('jobs', 'download', 'job-abc123', '--url');
    const { download_url: url } = document;
    expect(document).toMatchObject({ job_id: 'job-abc123', expires_in: 3600, url });
    expect(document.content_type).toBe(command.content_type);
    expect(Object.keys(document)).toEqual(expect.arrayContaining(Object.keys(command)));
    // The recipe of the issue.
    const recipe = `curl -s ${server.url}/api/jobs/job-abc123/download | jq '.download_url'`;
    const { stdout } = await shell('bash', ['-c', recipe]);
    const [headers, file] = [join(used.folder, 'headers'), join(used.folder, 'result')];
    await shell('curl', ['-s', '-D', headers, '-o', file, JSON.parse(stdout) as string]);
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(await readFile(headers, 'utf8')).toContain(
      'attachment; filename="job-abc123-result.zip"',
    );
    const thumbnail = checked(
      await server.get('/api/jobs/job-abc123/thumbnail'),
      documents.thumbnailDocument,
    );
    const picture = await fetch(String(thumbnail.thumbnail_url));
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(JPEG);
    const outside = await serve([], env({ MINIO_PUBLIC_ENDPOINT: 'https://files.example.com' }));
    const named = documentOf(await outside.get('/api/jobs/job-abc123/download'));
    expect(named.url).toMatch(/^https:\/\/files\.example\.com\//);
    expect(outside.lines.some((line) => JSON.stringify(line).includes('X-Amz'))).toBe(false);
  });

  it('are 400 for a job that has not completed, and 404 where there is none', async () => {
    const ids = await filled();
    await used.redis.hset('billing:job:gone', { user_id: 'alice', status: 'completed' });
    const server = await serve([], env());
    for (const id of [ids.active, ids.failed, ids.waiting]) {
      const answer = await server.get(`/api/jobs/${id}/download`);
      expect([answer.status, documentOf(answer).error]).toEqual([400, 'Job not completed']);
    }
    expect((await server.get('/api/jobs/gone/download')).status).toBe(404);
    expect((await server.get('/api/jobs/gone/thumbnail')).status).toBe(404);
    expect((await server.get('/api/jobs/gone/nope')).status).toBe(404);
  });

  it('look into no bucket that only the job names', async () => {
    const bull = await bullQueues();
    const queue = bull.queue('ai-job');
    const { id = '' } = await queue.add('render', jobData('alice'), { removeOnComplete: false });
    await used.redis.hset(`bull:ai-job:${id}`, {
      returnvalue: JSON.stringify({ bucket: used.bucket, key: 'secret/file.zip' }),
      finishedOn: String(Date.now()),
    });
    await used.redis.lrem('bull:ai-job:wait', 0, id);
    await used.redis.zadd('bull:ai-job:completed', Date.now(), id);
    await seed(used.store, used.bucket, [{ key: 'secret/file.zip', content: JPEG }]);
    const elsewhere = { S3_BUCKET: '', JOB_RESULT_PATHS: 'processed/{job}.zip' };
    const refusing = await serve([], env(elsewhere));
    const refused = await refusing.get(`/api/jobs/${id}/download`);
    expect(refused.status).toBe(409);
    const allowing = await serve([], env({ ...elsewhere, JOB_RESULT_BUCKETS: used.bucket }));
    expect((await allowing.get(`/api/jobs/${id}/download`)).status).toBe(200);
  });

  it('are 503 without a configured store', async () => {
    await used.complete('old-1');
    const server = await serve([], { REDIS_URL: used.server.url });
    const answer = await server.get('/api/jobs/old-1/download');
    expect([answer.status, documentOf(answer).error]).toEqual([
      503,
      'the object store is not configured',
    ]);
    const health = documentOf(await server.get('/api/health'));
    expect(health).toMatchObject({ checks: { store: { status: 'not_configured' } } });
  });
});

describe('a client that goes before its answer', () => {
  it('ends the request to the store, and is no failure of the server', async () => {
    const silent = await startSilentServer();
    await used.complete('old-1');
    const server = await serve([], env({ MINIO_ENDPOINT: `http://127.0.0.1:${silent.port}` }));
    const request = http.get(`${server.url}/api/jobs/old-1/download`, { agent: false });
    request.on('error', () => undefined);
    await silent.met;
    request.destroy();
    const isLogged = () => server.lines.some(({ status }) => status === 499);
    await waitUntil('the line of the log', [], () => Promise.resolve(isLogged()), 5000);
    expect(server.lines.filter(({ level }) => level === 'error')).toEqual([]);
    await silent.close();
  });
});

describe('the routes of jobs', () => {
  const PATHS = ['jobs', 'jobs/1', 'status/1', 'jobs/1/download', 'jobs/1/thumbnail'];

  it.each(PATHS)('%s is 503 while Redis is away, without its address', async (path) => {
    const server = await serve([], env({ REDIS_URL: 'redis://127.0.0.1:1' }));
    const answer = await server.get(`/api/${path}`);
    expect(documentOf(answer)).toEqual({ error: 'Redis is unavailable', code: 'unavailable' });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
  });

  it.each([...PATHS, 'jobs/events'])('%s takes GET and HEAD alone', async (path) => {
    const server = await serve([], env());
    const headers = { host: '127.0.0.1', origin: 'http://127.0.0.1' };
    const post = await server.request('POST', `/api/${path}`, { headers });
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD']);
    const head = await server.request('HEAD', `/api/${path}`);
    expect(head.text).toBe('');
    expect([200, 404]).toContain(head.status);
  });
});
