import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { Redis } from 'ioredis';

/**
 * The floor of a route: the same HTTP library, and the HMGETs of `GET /api/billing/summary` in one pipeline.
 * Checks nothing, and answers with the counters of the user as Redis has them.
 */

const FIELDS = [
  'bytes_processed',
  'compute_seconds',
  'job_count',
  'jobs_completed',
  'jobs_failed',
  'jobs_skipped',
];

const redis = new Redis(process.env.REDIS_URL ?? '');
const app = new Hono();
app.get('/api/billing/summary', async (context) => {
  const user = context.req.query('user_id');
  const month = context.req.query('month');
  const [year, number] = month.split('-').map(Number);
  const days = new Date(Date.UTC(year, number, 0)).getUTCDate();
  const keys = [`billing:user:${user}`];
  for (let day = 1; day <= days; day++)
    keys.push(`billing:daily:${user}:${month}-${String(day).padStart(2, '0')}`);
  const replies = await redis.pipeline(keys.map((key) => ['hmget', key, ...FIELDS])).exec();
  return context.json({ user_id: user, counters: replies[0][1] });
});
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ port })}\n`);
});
