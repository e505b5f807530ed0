import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { DoctorReport } from '../../src/doctor/report.js';
import { encodeClaim } from '../../src/lock/claim.js';
import { FolderClaims } from '../../src/lock/folder-claims.js';
import { describeOwner } from '../../src/lock/owner.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { withRetries } from '../../src/object-store/retry/retry.js';
import { encodeSummary } from '../../src/repository/summary-codec.js';
import { ownFolderOf } from '../../src/schedule/state/own-folder.js';
import { writeState } from '../../src/schedule/state/state.js';
import { temporaryFolder } from './backups.js';
import { BillingRecords } from './billing-records.js';
import { storeSettings, type Outcome } from './cli.js';
import { runHere } from './in-process.js';
import { type OddProxy, startOddProxy } from './odd-proxy.js';
import type { OddAnswer } from './odd-messages.js';
import { RawQueue } from './raw-queue.js';
import { type AnsweringProxy, type Answer, startAnsweringProxy } from './redis-answers.js';
import { type RedisServer, startRedisServer } from './redis-server.js';
import { entryState, runRecord, scheduleState } from './run-records.js';
import { summaryOf, writeBackup } from './summaries.js';
import { contentOf, freshBucket, removeBucket, testStore } from './test-store.js';

const HOUR_MS = 3_600_000;
const QUEUE = { prefix: 'bull', name: 'ai-job' };
const SCHEDULE = '# name=daily\nCRON_TZ=UTC\n0 2 * * *  backup full backups\n';

/** The settings and arguments of a run of `doctor`, and what ends what was broken for it. */
export interface Change {
  env?: Record<string, string>;
  args?: readonly string[];
  undo?: () => unknown;
}

/**
 * A small deployment in which nothing is wrong: Redis with a queue and meters, a store with one bucket,
 * backups near and offsite, a schedule with a daemon. Both servers lie behind proxies, which answer in
 * their place where a test says so.
 */
export class Deployment {
  readonly folder: string;
  readonly redis: Redis;
  readonly records: BillingRecords;
  readonly queue: RawQueue;

  private constructor(
    readonly redisServer: RedisServer,
    readonly redisProxy: AnsweringProxy,
    readonly storeProxy: OddProxy,
    readonly store: ObjectStore,
    readonly bucket: string,
    readonly removeFolder: () => void,
    folder: string,
  ) {
    this.folder = folder;
    this.redis = new Redis(redisServer.url);
    this.records = new BillingRecords(this.redis);
    this.queue = new RawQueue(this.redis, QUEUE);
  }

  static async start(): Promise<Deployment> {
    const redisServer = await startRedisServer({ args: ['--save', '3600 1'] });
    const redisProxy = await startAnsweringProxy(redisServer.url, () => undefined);
    const storeProxy = await startOddProxy();
    const store = withRetries(testStore());
    const bucket = await freshBucket(store);
    await store.putObject(bucket, 'pages/1.png', contentOf('a page'));
    const { folder, remove } = temporaryFolder();
    const parts = [redisServer, redisProxy, storeProxy, store, bucket, remove, folder] as const;
    const deployment = new Deployment(...parts);
    await deployment.heal();
    return deployment;
  }

  async stop(): Promise<void> {
    this.redis.disconnect();
    await removeBucket(this.store, this.bucket);
    this.store.close();
    await this.redisProxy.close();
    await this.storeProxy.close();
    await this.redisServer.stop();
    this.removeFolder();
  }

  /** Brings everything back to how it is when nothing is wrong. */
  async heal(): Promise<void> {
    this.answerRedis(() => undefined);
    this.answerStore(() => undefined);
    await this.redis.flushall();
    await this.redis.config('RESETSTAT');
    await this.#fillRedis();
    for (const name of ['backups', 'offsite', 'state']) {
      rmSync(this.path(name), { recursive: true, force: true });
      mkdirSync(this.path(name));
    }
    this.newest = this.hoursAgo(6);
    await writeBackup(this.path('backups'), { at: this.hoursAgo(30), sequence: 1 });
    await writeBackup(this.path('backups'), { at: this.newest, sequence: 2 });
    cpSync(this.path('backups'), this.path('offsite'), { recursive: true });
    writeFileSync(this.path('mangamotion.crontab'), SCHEDULE, { mode: 0o644 });
    mkdirSync(ownFolderOf(this.path('state')), { mode: 0o700 });
    await this.writeState({});
    await this.#claim(ownFolderOf(this.path('state')));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** RFC 3339, to the second: backups are named by it. */
  hoursAgo(hours: number): string {
    return `${new Date(Date.now() - hours * HOUR_MS).toISOString().slice(0, 19)}Z`;
  }

  answerRedis(answer: Answer): void {
    this.redisProxy.setAnswer(answer);
  }

  /** Has a line of INFO say something else. */
  tellInfo(fields: Readonly<Record<string, string>>): void {
    this.answerRedis((command) => {
      if (command[0]?.toUpperCase() !== 'INFO') return undefined;
      const text = infoText({ ...HEALTHY_INFO, ...fields });
      return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
    });
  }

  /** The store shows this bucket alone: others belong to other tests. */
  answerStore(answer: (operation: string, bucket: string) => OddAnswer | undefined): void {
    this.storeProxy.be({
      handle: async (request, next) => {
        const own = answer(request.operation, request.bucket);
        if (own !== undefined) return own;
        if (request.operation !== 'ListBuckets' || request.method !== 'GET')
          return await next(request);
        const real = await next(request);
        if (real.status !== 200) return real;
        const bucket = `<Bucket><Name>${this.bucket}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>`;
        return xmlAnswer(
          200,
          `<ListAllMyBucketsResult><Buckets>${bucket}</Buckets></ListAllMyBucketsResult>`,
        );
      },
    });
  }

  async writeState(entry: Parameters<typeof entryState>[0]): Promise<void> {
    const now = new Date().toISOString();
    const last = runRecord({ due_at: now, started_at: now, finished_at: now });
    const daily = entryState({
      handled_until: now,
      last_run: last,
      last_success_at: now,
      ...entry,
    });
    await writeState(ownFolderOf(this.path('state')), scheduleState({ entries: { daily } }));
  }

  /** A claim of this process, as a daemon holds it. */
  async #claim(folder: string): Promise<void> {
    const owner = await describeOwner('schedule');
    const since = new Date().toISOString();
    await new FolderClaims(folder).put('daemon', encodeClaim({ state: 'held', since, owner }));
  }

  async claimIn(folder: string): Promise<void> {
    mkdirSync(ownFolderOf(folder), { recursive: true, mode: 0o700 });
    await this.#claim(ownFolderOf(folder));
  }

  /** The newest backup near and offsite, RFC 3339. */
  newest = '';

  /** Has the summary of a backup say that its archive has so many bytes. */
  async claimLarger(at: string, archiveBytes: number): Promise<void> {
    const summary = summaryOf({ at, sequence: 3, archiveBytes });
    await writeFile(join(this.path('backups'), `${summary.id}.json`), encodeSummary(summary));
  }

  /** The store without the proxy, which signs anew. */
  get ownStore(): Record<string, string> {
    return { MINIO_ENDPOINT: storeSettings().MINIO_ENDPOINT ?? '' };
  }

  /** Settings for `s3://` destinations on the same server. */
  get offsiteEnv(): Record<string, string> {
    const {
      MINIO_ENDPOINT: endpoint = '',
      MINIO_ACCESS_KEY = '',
      MINIO_SECRET_KEY = '',
    } = this.env;
    return {
      BACKUP_S3_ENDPOINT: endpoint,
      BACKUP_S3_ACCESS_KEY: MINIO_ACCESS_KEY,
      BACKUP_S3_SECRET_KEY: MINIO_SECRET_KEY,
    };
  }

  get env(): Record<string, string> {
    return storeSettings({
      endpoint: this.storeProxy.endpoint,
      env: {
        REDIS_URL: this.redisProxy.url,
        JOB_RESULT_PATHS: `${this.bucket}/{job}/result.zip`,
        NO_COLOR: '1',
      },
    });
  }

  /** Runs `doctor` on it. */
  async doctor(
    { env = {}, args = ['backups', 'offsite'] }: Change = {},
    ...more: string[]
  ): Promise<Outcome> {
    const settings = Object.entries({ ...this.env, ...env }).filter(([, value]) => value !== '');
    return await runHere(['doctor', ...args, '--state-dir', 'state', ...more], {
      cwd: this.folder,
      env: Object.fromEntries(settings),
    });
  }

  async report(change: Change = {}): Promise<DoctorReport & { exitCode: number | undefined }> {
    const { stdout, stderr, exitCode } = await this.doctor(change, '--json');
    try {
      return { ...(JSON.parse(stdout) as DoctorReport), exitCode };
    } catch (cause) {
      throw new Error(`no report: ${stdout}${stderr}`, { cause });
    }
  }

  async #fillRedis(): Promise<void> {
    await this.redis.hset('bull:ai-job:meta', 'version', 'bullmq:5.12.0');
    const counters = {
      bytes_processed: 300,
      compute_seconds: '3',
      job_count: 3,
      jobs_completed: 3,
    };
    await this.records.user('alice', counters);
    await this.records.day('alice', new Date().toISOString().slice(0, 10), counters);
    for (const id of ['1', '2', '3', '4']) {
      await this.queue.addJob(id, 'completed');
      await this.redis.zadd('bull:ai-job:completed', Date.now() - HOUR_MS + Number(id), id);
      await this.records.job(id, {
        user_id: 'alice',
        status: 'completed',
        bytes_processed: 75,
        compute_seconds: '0.75',
      });
    }
  }
}

export function xmlAnswer(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): OddAnswer {
  return {
    status,
    headers: { 'content-type': 'application/xml', ...headers },
    body: Buffer.from(body),
  };
}

export function s3Error(status: number, code: string, message = 'no'): OddAnswer {
  return xmlAnswer(status, `<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

const HEALTHY_INFO = {
  redis_version: '7.2.4',
  redis_mode: 'standalone',
  role: 'master',
  connected_slaves: '0',
  used_memory: '1000000',
  used_memory_rss: '1500000',
  total_system_memory: '8000000000',
  maxmemory: '0',
  maxmemory_policy: 'noeviction',
  evicted_keys: '0',
  aof_enabled: '1',
  aof_last_write_status: 'ok',
  aof_last_bgrewrite_status: 'ok',
  rdb_last_bgsave_status: 'ok',
};

function infoText(fields: Readonly<Record<string, string>>): string {
  return `# All\r\n${Object.entries(fields)
    .map(([name, value]) => `${name}:${value}`)
    .join('\r\n')}\r\n`;
}
