import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { startRedisServer } from '../helpers/redis-server.js';
import { type Row, megabytes, ratio } from './measurements.js';
import { type Timed, mangamotion, median, timed } from './processes.js';

const USERS = 100_000;
const DAYS = 10;
const RUNS = 5;
/** The short commands are timed often: a start is as long as the noise of the machine. */
const SHORT_RUNS = 20;

const pipelined = fileURLToPath(new URL('redis-hmget.js', import.meta.url));
const oneByOne = fileURLToPath(new URL('redis-one-by-one.js', import.meta.url));
const connectOnly = fileURLToPath(new URL('redis-connect.js', import.meta.url));

/** The reports against bare reads of the same fields, start-up included. */
export async function measureBilling(): Promise<Row[]> {
  const server = await startRedisServer();
  try {
    const month = new Date().toISOString().slice(0, 7);
    await fillUsage(server.url, month, DAYS);
    const env = { ...process.env, REDIS_URL: server.url, BILLING_RETENTION_DAYS: '90' };
    const bare: Timed[] = [];
    const keys: Timed[] = [];
    const all: Timed[] = [];
    const months: Timed[] = [];
    for (let run = 0; run < RUNS; run++) {
      bare.push(await timed(process.execPath, [pipelined], env));
      all.push(await mangamotion(env, 'billing', 'all-users', '--json', '--quiet'));
      keys.push(await timed(process.execPath, [oneByOne], env));
      const args = ['billing', 'all-users', '--month', month, '--json', '--quiet'];
      months.push(await mangamotion(env, ...args));
    }
    const starts: Timed[] = [];
    const summaries: Timed[] = [];
    for (let run = 0; run < SHORT_RUNS; run++) {
      starts.push(await timed(process.execPath, [connectOnly], env));
      summaries.push(await mangamotion(env, 'billing', 'summary', 'user-7', '--json', '--quiet'));
    }
    const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
    const command = '`billing all-users --json`, 100,000 users';
    return [
      ratio(
        `${command} : a bare pipelined HMGET of six fields`,
        seconds(all) / seconds(bare),
        '≤ 1.6',
      ),
      ratio(
        `${command} : KEYS and one HGETALL after another`,
        seconds(all) / seconds(keys),
        '≤ 0.6',
      ),
      { what: command, value: `${seconds(all).toFixed(1)} s`, bound: '' },
      megabytes('peak memory of it', all, '< 200 MB'),
      {
        what: '`billing all-users --month`, 100,000 users of 10 days',
        value: `${seconds(months).toFixed(1)} s`,
        bound: '',
      },
      megabytes('peak memory of it', months, '< 200 MB'),
      ratio(
        '`billing summary` : start of Node.js and a connection of ioredis',
        seconds(summaries) / seconds(starts),
        '≤ 1.5',
      ),
    ];
  } finally {
    await server.stop();
  }
}

/** 100,000 users with a record and their first days of the month that runs. */
export async function fillUsage(url: string, month: string, days: number): Promise<void> {
  const redis = new Redis(url);
  for (let first = 0; first < USERS; first += 500) {
    const pipeline = redis.pipeline();
    for (let user = first; user < first + 500; user++) {
      pipeline.hset(`billing:user:user-${user}`, fields(user * DAYS));
      for (let day = 1; day <= days; day++) {
        const key = `billing:daily:user-${user}:${month}-${String(day).padStart(2, '0')}`;
        pipeline.hset(key, fields(user));
      }
    }
    await pipeline.exec();
  }
  redis.disconnect();
}

function fields(seed: number): Record<string, string> {
  return {
    bytes_processed: String(seed * 1_234_567 + 4096),
    compute_seconds: `${seed % 5000}.${String(seed % 1000).padStart(3, '0')}00000000000000003`,
    job_count: String((seed % 40) + 2),
    jobs_completed: String(seed % 40),
    jobs_failed: '2',
    jobs_skipped: '0',
  };
}
