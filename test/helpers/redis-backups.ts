import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { Redis } from 'ioredis';
import type { ObjectStore } from '../../src/object-store/port.js';
import type { Summary } from '../../src/repository/summary.js';
import type { RedisRestoreReport } from '../../src/restore/redis/report.js';
import { temporaryFolder } from './backups.js';
import { type JsonOutcome, runJson } from './cli.js';
import { startRedisServer, type RedisServer } from './redis-server.js';
import { contentOf, freshBucket, removeBucket, testStore } from './test-store.js';

export interface RedisBackups {
  /** Emptied before each test. */
  redis: Redis;
  url: string;
  bucket: string;
  /** A new folder for each test. */
  folder: string;
  backUp(options?: RunOptions): Promise<JsonOutcome<Summary> & { path: string }>;
  restore(
    path: string,
    args?: readonly string[],
    url?: string,
  ): Promise<JsonOutcome<RestoreAnswer>>;
  verify(path: string): Promise<JsonOutcome<{ status: string; problems: { message: string }[] }>>;
}

type RestoreAnswer = RedisRestoreReport & { error?: { code: string; message: string } };

interface RunOptions {
  args?: readonly string[];
  url?: string;
  kind?: 'full' | 'incremental';
  env?: Record<string, string>;
}

/** A Redis and a bucket with one object, for tests of backups with Redis. */
export function useRedisBackups(settings: readonly string[] = []): RedisBackups {
  const temporary = temporaryFolder();
  let server: RedisServer;
  let store: ObjectStore;
  const world: RedisBackups = {
    redis: undefined as unknown as Redis,
    ...{ url: '', bucket: '', folder: '' },
    backUp: async ({ args = [], url = world.url, kind = 'full', env = {} } = {}) => {
      const outcome = await runJson<Summary>(
        ['backup', kind, world.folder, '--bucket', world.bucket, '--redis', ...args],
        { env: { REDIS_URL: url, ...env } },
      );
      return { ...outcome, path: join(world.folder, outcome.answer.id) };
    },
    restore: (path, args = [], url = world.url) =>
      runJson(['restore', path, 'redis', ...args], { env: { REDIS_URL: url } }),
    verify: (path) => runJson(['backup', 'verify', path]),
  };
  beforeAll(async () => {
    server = await startRedisServer({ args: [...settings] });
    world.url = server.url;
    world.redis = new Redis(server.url);
    store = testStore();
    world.bucket = await freshBucket(store);
    await store.putObject(world.bucket, 'a.txt', contentOf('a'));
  });
  beforeEach(async () => {
    await world.redis.flushall();
    world.folder = mkdtempSync(join(temporary.folder, 'backups-'));
  });
  afterEach(() => world.redis.flushall());
  afterAll(async () => {
    world.redis.disconnect();
    await server.stop();
    await removeBucket(store, world.bucket);
    store.close();
    temporary.remove();
  });
  return world;
}

/** The lines of the members with keys of Redis in a tar.gz, as plain tar extracts them. */
export function redisLinesIn(path: string): Record<string, unknown>[] {
  const options = { encoding: 'utf8', maxBuffer: 1 << 30 } as const;
  const text = execFileSync(
    'tar',
    ['-xzOf', `${path}.tar.gz`, '--wildcards', '*/redis/*.ndjson'],
    options,
  );
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/**
 * What the keys of a Redis hold, in a form that does not depend on how Redis stores them: DUMP gives other
 * bytes for the same set.
 */
export async function contentsOf(redis: Redis, pattern = '*'): Promise<Map<string, unknown>> {
  const contents = new Map<string, unknown>();
  for (const key of (await redis.keysBuffer(pattern)).sort((a, b) => a.compare(b))) {
    contents.set(key.toString('latin1'), await contentOfKey(redis, key));
  }
  return contents;
}

async function contentOfKey(redis: Redis, key: Buffer): Promise<unknown> {
  const type = await redis.type(key);
  const sorted = (list: unknown) =>
    (list as Buffer[]).map((bytes) => bytes.toString('latin1')).sort();
  const pairs = (list: unknown) => {
    const flat = (list as Buffer[]).map((bytes) => bytes.toString('latin1'));
    return flat.flatMap((one, at) => (at % 2 === 0 ? [`${one} ${flat[at + 1]}`] : [])).sort();
  };
  if (type === 'string') return (await redis.getBuffer(key))?.toString('latin1');
  if (type === 'hash') return { type, value: pairs(await redis.callBuffer('HGETALL', key)) };
  if (type === 'set') return { type, value: sorted(await redis.callBuffer('SMEMBERS', key)) };
  if (type === 'list') {
    const items = (await redis.callBuffer('LRANGE', key, 0, -1)) as Buffer[];
    return { type, value: items.map((item) => item.toString('latin1')) };
  }
  if (type === 'zset') {
    return { type, value: pairs(await redis.callBuffer('ZRANGE', key, 0, -1, 'WITHSCORES')) };
  }
  const entries = JSON.stringify(await redis.callBuffer('XRANGE', key, '-', '+'));
  const info = (await redis.call('XINFO', 'STREAM', key)) as unknown[];
  const groups = (await redis.call('XINFO', 'GROUPS', key)) as unknown[][];
  const lastId = info[info.indexOf('last-generated-id') + 1];
  return {
    type,
    value: entries,
    lastId,
    groups: groups.map((group) => [group[1], group[group.indexOf('last-delivered-id') + 1]]),
  };
}
