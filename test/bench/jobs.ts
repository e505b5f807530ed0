import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { startRedisServer } from '../helpers/redis-server.js';
import { fillLarge } from './content.js';
import type { Bench } from './main.js';
import { type Row, megabytes, ratio } from './measurements.js';
import { type Timed, mangamotion, median, timed } from './processes.js';

const LIVE_JOBS = 10_000;
const RECORDS = 200_000;
const USERS = 1000;
const DOWNLOAD_BYTES = 500_000_000;
const RUNS = 5;
const A_BATCH = 1000;

const pipelined = fileURLToPath(new URL('redis-pipelined.js', import.meta.url));

/** One user's newest jobs, against a bare read of all records. */
export async function measureJobs(): Promise<Row[]> {
  const server = await startRedisServer();
  try {
    await fillRecords(server.url);
    await fillQueue(server.url);
    const env = { ...process.env, REDIS_URL: server.url, MINIO_ACCESS_KEY: '', S3_ACCESS_KEY: '' };
    const args = ['jobs', 'list', '--user', 'user-7', '--limit', '50', '--json', '--quiet'];
    const bare: Timed[] = [];
    const scans: Timed[] = [];
    for (let run = 0; run < RUNS; run++) {
      bare.push(await timed(process.execPath, [pipelined, 'billing:job:*'], env));
      scans.push(await mangamotion(env, ...args));
    }
    const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
    const command = '`jobs list --user U`, 10,000 live jobs, 200,000 records';
    return [
      ratio(`${command} : a bare pipelined read`, seconds(scans) / seconds(bare), '≤ 1.3'),
      { what: 'the same', value: `${seconds(scans).toFixed(1)} s`, bound: '' },
      megabytes('peak memory of it', scans, '< 200 MB'),
    ];
  } finally {
    await server.stop();
  }
}

/** A large result, against curl of the URL that the command gives. */
export async function measureDownload({ store, env, folder }: Bench): Promise<Row[]> {
  const server = await startRedisServer();
  const redis = new Redis(server.url);
  try {
    await fillLarge(store, 'processed', DOWNLOAD_BYTES);
    await redis.hset('billing:job:large', 'status', 'completed');
    const settings = {
      ...env,
      REDIS_URL: server.url,
      JOB_RESULT_PATHS: 'processed/{job}.mp4',
    };
    const args = ['jobs', 'download', 'large'];
    const { stdout } = await mangamotion(settings, ...args, '--url', '--json');
    const { download_url: url } = JSON.parse(stdout) as { download_url: string };
    const target = join(folder, 'result');
    const curls: Timed[] = [];
    const downloads: Timed[] = [];
    for (let run = 0; run < RUNS; run++) {
      curls.push(await timed('curl', ['--silent', '--fail', '--output', target, url], settings));
      rmSync(target);
      downloads.push(await mangamotion(settings, ...args, '-o', target, '--quiet'));
      rmSync(target);
    }
    const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
    return [
      ratio(
        '`jobs download` of 500 MB : `curl` of the presigned URL',
        seconds(downloads) / seconds(curls),
        '≤ 1.1',
      ),
      megabytes('peak memory of it', downloads, '< 200 MB'),
    ];
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

async function fillRecords(url: string): Promise<void> {
  await inBatches(url, RECORDS, (redis, id) => {
    const at = new Date(Date.now() - id * 1000).toISOString();
    redis.hset(`billing:job:old-${id}`, {
      user_id: `user-${id % USERS}`,
      bytes_processed: String(1_000_000 + id),
      compute_seconds: `${id % 500}.25`,
      ...{ status: 'completed', timestamp: at, completed_at: at, metadata: '{"pages":12}' },
    });
    if (id < USERS) redis.hset(`billing:user:user-${id}`, 'job_count', String(RECORDS / USERS));
  });
}

/** What BullMQ 5 leaves of jobs that wait. */
async function fillQueue(url: string): Promise<void> {
  await inBatches(url, LIVE_JOBS, (redis, id) => {
    const files = Array.from({ length: 12 }, (_none, page) => `originals/${id}/page-${page}.jpg`);
    redis.hset(`bull:ai-job:${id}`, {
      ...{ name: 'video', timestamp: String(Date.now() - id), delay: '0', priority: '0' },
      data: JSON.stringify({ type: 'video', files, options: {}, user_id: `user-${id % USERS}` }),
      opts: '{"attempts":3,"removeOnComplete":true}',
    });
    redis.lpush('bull:ai-job:wait', String(id));
  });
}

async function inBatches(
  url: string,
  count: number,
  add: (pipeline: ReturnType<Redis['pipeline']>, id: number) => void,
): Promise<void> {
  const redis = new Redis(url);
  for (let first = 0; first < count; first += A_BATCH) {
    const pipeline = redis.pipeline();
    for (let id = first; id < first + A_BATCH; id++) add(pipeline, id);
    await pipeline.exec();
  }
  redis.disconnect();
}
