import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import type { Summary } from '../../src/repository/summary.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { contentOf } from '../helpers/test-store.js';
import type { Bench } from './main.js';
import { type Row, megabytes, ratio } from './measurements.js';
import { type Timed, mangamotion, median, timed } from './processes.js';

const KEYS = 1_000_000;
const RUNS = 3;
const bare = fileURLToPath(new URL('redis-bare.js', import.meta.url));

/** A backup of a million counters and hardly any object, against the bare reads of them. */
export async function measureRedis({ store, folder, env: storeEnv }: Bench): Promise<Row[]> {
  const server = await startRedisServer();
  const redis = new Redis(server.url);
  const destination = join(folder, 'backups');
  try {
    await fill(redis);
    await store.createBucket('few');
    await store.putObject('few', 'a.txt', contentOf('a'));
    const env = { ...storeEnv, REDIS_URL: server.url };
    const reads: Timed[] = [];
    const backups: Timed[] = [];
    let summary: Summary | undefined;
    for (let run = 0; run < RUNS; run++) {
      mkdirSync(destination, { recursive: true });
      reads.push(await timed(process.execPath, [bare], env));
      const args = ['backup', 'full', destination, '--bucket', 'few', '--redis', '--json', '-q'];
      backups.push(await mangamotion(env, ...args));
      summary = JSON.parse(backups.at(-1)?.stdout ?? '') as Summary;
      if (run < RUNS - 1) rmSync(destination, { recursive: true });
    }
    if (summary?.redis?.keys !== KEYS) throw new Error('the backup lacks keys');
    const path = join(destination, summary.id);
    const verified = await mangamotion(env, 'backup', 'verify', path, '-q');
    await redis.flushall();
    const restored = await mangamotion(env, 'restore', path, 'redis', '-q');
    if ((await redis.dbsize()) !== KEYS) throw new Error('the restore lacks keys');
    const again = await mangamotion(env, 'restore', path, 'redis', '-q');
    const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
    const what = '`backup full --redis`, 1,000,000 counters';
    return [
      ratio(
        `${what} : a bare SCAN with the same reads`,
        seconds(backups) / seconds(reads),
        '≤ 1.3',
      ),
      { what, value: `${seconds(backups).toFixed(1)} s`, bound: '' },
      megabytes('peak memory of it', backups, '< 250 MB'),
      {
        what: 'its archive',
        value: `${(summary.archive_bytes / 1e6).toFixed(1)} MB`,
        bound: '',
      },
      megabytes('peak memory of `backup verify` of it', [verified]),
      {
        what: '`restore … redis` of it into an empty Redis',
        value: `${restored.seconds.toFixed(1)} s`,
        bound: '',
      },
      megabytes('peak memory of it', [restored], '< 250 MB'),
      {
        what: '`restore … redis` again, where nothing is to be done',
        value: `${again.seconds.toFixed(1)} s`,
        bound: '',
      },
    ];
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

async function fill(redis: Redis): Promise<void> {
  for (let from = 0; from < KEYS; from += 10_000) {
    const pipeline = redis.pipeline();
    for (let at = from; at < from + 10_000; at++) {
      pipeline.hset(`billing:user:user-${at}`, {
        bytes_processed: String(at * 104_729),
        compute_seconds: (at / 8).toString(),
        job_count: String(at % 1000),
        jobs_completed: String(at % 990),
        jobs_failed: String(at % 7),
      });
    }
    await pipeline.exec();
  }
}
