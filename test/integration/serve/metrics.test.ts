import http from 'node:http';
import { describe, expect, it } from 'vitest';
import { useBillingRedis } from '../../helpers/billing-records.js';
import { startSilentServer } from '../../helpers/redis-proxy.js';
import { useServers, type TestServer } from '../../helpers/serve.js';

const { records, env } = useBillingRedis();
const serve = useServers();

function portOf(server: TestServer): number {
  const line = server.lines.find(({ message }) => message === 'the server listens');
  return Number(line?.metrics_port);
}

function get(port: number, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on('error', reject);
  });
}

describe('the metrics of serve', () => {
  it('count requests by route and status, whatever the path', async () => {
    const server = await serve(['--metrics', '0'], env());
    await server.get('/api/billing/job/secret-id');
    await server.get('/api/billing/summary?user_id=a');
    await server.get('/api/billing/summary');
    for (let i = 0; i < 20; i++) await server.get(`/nothing/${i}`);
    const { status, text } = await get(portOf(server), '/metrics');
    expect(status).toBe(200);
    const has = (labels: string, count: number) =>
      expect(text).toContain(`mangamotion_serve_requests_total{${labels}} ${count}\n`);
    has('method="GET",route="/api/billing/job/{jobId}",status="404"', 1);
    has('method="GET",route="/api/billing/summary",status="200"', 1);
    has('method="GET",route="/api/billing/summary",status="400"', 1);
    has('method="GET",route="other",status="404"', 20);
    expect(text).toContain('mangamotion_serve_request_duration_seconds_count{route="other"} 20');
    expect(text).toContain('mangamotion_serve_event_clients 0');
    expect(text).toContain('mangamotion_serve_server_errors_total{server="redis"} 0');
    expect(text).not.toContain('secret-id');
    expect(text).not.toContain('nothing');
  });

  it('count failures of Redis', async () => {
    const server = await serve(['--metrics', '0'], { REDIS_URL: 'redis://127.0.0.1:1' });
    await server.get('/api/billing/summary?user_id=a');
    const { text } = await get(portOf(server), '/metrics');
    // The jobs could not be counted either.
    expect(text).toContain('mangamotion_serve_server_errors_total{server="redis"} 2\n');
  });

  it('count the jobs of the queue by status and state', async () => {
    const { redis } = records();
    await redis.lpush('bull:ai-job:wait', 'a', 'b', '0:0');
    await redis.lpush('bull:ai-job:paused', '0:1700000000000');
    await redis.zadd('bull:ai-job:delayed', 5, 'c');
    await redis.zadd('bull:ai-job:failed', 5, 'd', 6, 'e', 7, 'f');
    await redis.lpush('bull:other:wait', 'g');
    const server = await serve(['--metrics', '0'], env());
    const jobs = async () => {
      const { status, text } = await get(portOf(server), '/metrics');
      expect(status).toBe(200);
      return text.split('\n').filter((line) => line.startsWith('mangamotion_serve_jobs{'));
    };
    const line = (status: string, state: string, count: number) =>
      `mangamotion_serve_jobs{status="${status}",state="${state}"} ${count}`;
    const before = await jobs();
    expect(before).toContain(line('pending', 'waiting', 2));
    expect(before).toContain(line('pending', 'paused', 0));
    expect(before).toContain(line('pending', 'delayed', 1));
    expect(before).toContain(line('processing', 'active', 0));
    expect(before).toContain(line('failed', 'failed', 3));
    expect(before.length).toBe(8);
    await redis.hset('bull:ai-job:meta', 'paused', 1);
    await redis.del('bull:ai-job:failed');
    const after = await jobs();
    expect(after).toContain(line('pending', 'waiting', 0));
    expect(after).toContain(line('pending', 'paused', 2));
    expect(after).toContain(line('failed', 'failed', 0));
  });

  it('of another queue are those of --queue', async () => {
    await records().redis.lpush('odd:other:wait', 'g');
    const server = await serve(['--metrics', '0', '--queue', 'odd:other'], env());
    const { text } = await get(portOf(server), '/metrics');
    expect(text).toContain('mangamotion_serve_jobs{status="pending",state="waiting"} 1\n');
  });

  it('have no jobs while Redis is away, is silent, or has something else there', async () => {
    const silent = await startSilentServer();
    try {
      for (const REDIS_URL of ['redis://127.0.0.1:1', `redis://127.0.0.1:${silent.port}`]) {
        const server = await serve(['--metrics', '0'], { REDIS_URL });
        const { status, text } = await get(portOf(server), '/metrics');
        expect(status).toBe(200);
        expect(text).not.toContain('mangamotion_serve_jobs');
        expect(text).toContain('mangamotion_serve_server_errors_total{server="redis"} 1\n');
        expect(text).toContain('mangamotion_serve_event_clients 0\n');
      }
    } finally {
      await silent.close();
    }
    await records().redis.set('bull:ai-job:wait', 'text');
    const server = await serve(['--metrics', '0'], env());
    const { text } = await get(portOf(server), '/metrics');
    expect(text).not.toContain('mangamotion_serve_jobs');
    await records().redis.del('bull:ai-job:wait');
    const later = await get(portOf(server), '/metrics');
    expect(later.text).toContain('mangamotion_serve_jobs{status="pending",state="waiting"} 0\n');
  });

  it('are never at the public address, and have an address of this machine by default', async () => {
    const server = await serve(['--metrics', '0'], env());
    expect((await server.get('/metrics')).status).toBe(404);
    expect((await get(portOf(server), '/api/health')).status).toBe(404);
    const without = await serve([], env());
    expect((await without.get('/metrics')).status).toBe(404);
    expect(portOf(without)).toBeNaN();
  });

  it('are refused at an address that is taken, and nothing stays open', async () => {
    const server = await serve(['--metrics', '0'], env());
    const taken = `127.0.0.1:${portOf(server)}`;
    await expect(serve(['--metrics', taken], env())).rejects.toThrow(/ended with 2/);
    const free = await serve(['--metrics', '0'], env());
    const port = portOf(free);
    await expect(
      serve(['--metrics', '0', '--listen', `127.0.0.1:${server.port}`], env()),
    ).rejects.toThrow(/ended with 2/);
    expect((await get(port, '/healthz')).text).toBe('ok\n');
  });
});
