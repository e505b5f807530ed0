import { afterAll, beforeAll, beforeEach } from 'vitest';
import { readdir } from 'node:fs/promises';
import type { ObjectStore } from '../../src/object-store/port.js';
import { temporaryFolder } from './backups.js';
import { run, runJson, runProcess, type ProgramOptions } from './cli.js';
import { noise, seed } from './seed.js';
import { freshBucket, removeBucket, testStore } from './test-store.js';
import { useRedis, type UsedRedis } from './use-redis.js';

export interface JobResults extends Pick<UsedRedis, 'redis' | 'server'> {
  store: ObjectStore;
  /** Of all job files. */
  bucket: string;
  /** An empty folder, which is the working folder of the program. */
  folder: string;
  /** Writes the billing record of a job that has completed, and its result. */
  complete: (jobId: string, content?: Buffer, path?: string) => Promise<Buffer>;
  /** `mangamotion jobs download …`, and with --json. */
  download: (args: readonly string[], options?: ProgramOptions) => ReturnType<typeof run>;
  /** The same in a process of its own. */
  downloading: (args: readonly string[], options?: ProgramOptions) => ReturnType<typeof runProcess>;
  downloadJson: <T>(
    args: readonly string[],
    options?: ProgramOptions,
  ) => ReturnType<typeof runJson<T>>;
  files: () => Promise<string[]>;
}

/** A Redis and a bucket for the tests of a file; each test begins without jobs and local files. */
export function useJobResults(): JobResults {
  const used = useRedis() as JobResults;
  const optionsOf = ({ env = {}, ...rest }: ProgramOptions = {}): ProgramOptions => ({
    cwd: used.folder,
    env: { REDIS_URL: used.server.url, S3_BUCKET: used.bucket, ...env },
    ...rest,
  });
  beforeAll(async () => {
    used.store = testStore();
    used.bucket = await freshBucket(used.store);
  });
  beforeEach(async () => {
    for await (const page of used.store.listObjects(used.bucket)) {
      for (const { key } of page) await used.store.deleteObject(used.bucket, key);
    }
    const { folder, remove } = temporaryFolder();
    used.folder = folder;
    return remove;
  });
  afterAll(async () => {
    await removeBucket(used.store, used.bucket);
    used.store.close();
  });
  return Object.assign(used, {
    complete: async (
      jobId,
      content = noise(100_000, jobId),
      path = 'processed/{job}/result.zip',
    ) => {
      await used.redis.hset(`billing:job:${jobId}`, { user_id: 'alice', status: 'completed' });
      const attributes = { headers: { 'content-type': 'application/zip' } };
      await seed(used.store, used.bucket, [
        { key: path.replace('{job}', () => jobId), content, attributes },
      ]);
      return content;
    },
    download: (args, options) => run(['jobs', 'download', ...args], optionsOf(options)),
    downloading: (args, options) => runProcess(['jobs', 'download', ...args], optionsOf(options)),
    downloadJson: (args, options) => runJson(['jobs', 'download', ...args], optionsOf(options)),
    files: async () => (await readdir(used.folder)).sort(),
  } satisfies Partial<JobResults>);
}
