import { chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { evidenceChecks } from '../../../src/doctor/evidence/evidence-checks.js';
import { hostChecks, laterChecks } from '../../../src/doctor/host.js';
import { destinationChecks } from '../../../src/doctor/destinations/destination-checks.js';
import { offsiteChecks } from '../../../src/doctor/destinations/offsite-checks.js';
import {
  type DrillRecord,
  RECORDS_FOLDER,
  appendRecords,
  putRecord,
} from '../../../src/drill/records.js';
import { DAMAGED, encodeReadings, type Readings } from '../../../src/repository/readings.js';
import { FolderClaims } from '../../../src/lock/folder-claims.js';
import { encodeClaim } from '../../../src/lock/claim.js';
import { describeOwner } from '../../../src/lock/owner.js';
import { ownFolderOf } from '../../../src/schedule/state/own-folder.js';
import { type Change, Deployment, s3Error, xmlAnswer } from '../../helpers/deployment.js';
import { startRedisServer } from '../../helpers/redis-server.js';
import { notRun, runRecord } from '../../helpers/run-records.js';
import { drillRecord } from '../../helpers/drill-records.js';
import { idAt, writeBackup } from '../../helpers/summaries.js';
import { putBackup } from '../../helpers/s3-destinations.js';
import { testStore } from '../../helpers/test-store.js';
import {
  freshLockedBucket,
  removeLockedBucket,
} from '../../contract/object-store/locked-buckets.js';
import { startTlsFront } from '../../helpers/tls-front.js';

/** Each thing that `doctor` checks is broken, one at a time, and its line and hint are expected. */

let d: Deployment;
beforeAll(async () => {
  d = await Deployment.start();
});
beforeEach(() => d.heal());
afterAll(() => d.stop());

interface Break {
  check: string;
  what: string;
  status: 'warning' | 'failure' | 'skipped';
  says: RegExp;
  hint: RegExp;
  /** May give a `Change`; whatever else it gives is ignored. */
  change: () => unknown;
}

const file = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(d.path(name), text, { mode });
  chmodSync(d.path(name), mode);
  return d.path(name);
};

/** Takes connections and never answers. */
async function silentServer(): Promise<{ port: number; stop: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port, stop };
}

/** A user of Redis with these rules. */
async function user(...rules: string[]): Promise<Change> {
  await d.redis.call(
    'ACL',
    'SETUSER',
    'reporter',
    'reset',
    'on',
    '>word',
    '~*',
    '+acl',
    '+info',
    '+@connection',
    ...rules,
  );
  const { host } = new URL(d.redisServer.url);
  return {
    env: { REDIS_URL: `redis://reporter:word@${host}` },
    undo: () => d.redis.call('ACL', 'DELUSER', 'reporter'),
  };
}

/** Records of drills, the oldest first. */
async function drilled(...drills: Partial<DrillRecord>[]): Promise<void> {
  const records = drills.map((one) => drillRecord({ at: d.hoursAgo(2), ...one }));
  await appendRecords(ownFolderOf(d.path('state')), records);
}

/** The record of what was read there, which is nothing. */
function verified(given: Pick<Readings, 'begun_at' | 'ended_at'> & Partial<Readings>): void {
  const readings = { allowance: 0, archives: new Map(), ...given };
  writeFileSync(d.path('backups/.mangamotion-verified.json'), encodeReadings(readings));
}

const lifecycle = (rule: string) => () => {
  d.answerStore((operation) =>
    operation === 'GetBucketLifecycleConfiguration'
      ? xmlAnswer(
          200,
          `<LifecycleConfiguration><Rule><Status>Enabled</Status>${rule}</Rule></LifecycleConfiguration>`,
        )
      : undefined,
  );
  return undefined;
};

/** Every request of this name gets this answer. */
const refuse = (name: string, status: number, code: string) => () => {
  d.answerStore((operation) => (operation === name ? s3Error(status, code) : undefined));
  return undefined;
};

const info = (fields: Record<string, string>) => () => {
  d.tellInfo(fields);
  return undefined;
};

const LOCK = { mode: 'GOVERNANCE', until: '2099-01-01T00:00:00.000Z', unprotected: 0 } as const;

/** A bucket with object lock, and backups that say that they are locked. */
async function lockedDestination(locks: readonly (typeof LOCK | undefined)[]) {
  const store = testStore();
  const bucket = await freshLockedBucket(store);
  const ids: string[] = [];
  for (const [index, lock] of locks.entries()) {
    const made = { at: d.hoursAgo(locks.length - index), sequence: index + 1, lock };
    const destination = `s3://${bucket}`;
    ids.push(await putBackup(store, { bucket, prefix: '' }, { ...made, destination }));
  }
  // The proxy does not know versions.
  const env = { ...d.offsiteEnv, BACKUP_S3_ENDPOINT: d.ownStore.MINIO_ENDPOINT ?? '' };
  const undo = async (): Promise<void> => {
    await removeLockedBucket(bucket);
    store.close();
  };
  return { store, bucket, ids, args: [`s3://${bucket}`], env, undo };
}

const BREAKS: Break[] = [
  {
    check: 'settings.files',
    what: 'a file of settings that there is not',
    status: 'failure',
    says: /cannot read .*gone\.env: it does not exist/,
    hint: /make the file readable/,
    change: () => ({ args: ['--env-file', 'gone.env'] }),
  },
  {
    check: 'settings.files',
    what: 'a secret key in a file that there is not',
    status: 'failure',
    says: /MINIO_SECRET_KEY_FILE .*it does not exist/,
    hint: /make the file readable/,
    change: () => ({ env: { MINIO_SECRET_KEY: '', MINIO_SECRET_KEY_FILE: '/nowhere/key' } }),
  },
  {
    check: 'settings.values',
    what: 'a wrong value',
    status: 'failure',
    says: /BILLING_RATE_GB .*must be a decimal number/,
    hint: /mangamotion config show/,
    change: () => ({ env: { BILLING_RATE_GB: 'cheap' } }),
  },
  {
    check: 'settings.values',
    what: 'half of a key pair',
    status: 'warning',
    says: /there is the access key of a pair, and MINIO_SECRET_KEY is not set/,
    hint: /mangamotion config show/,
    change: () => ({ env: { MINIO_SECRET_KEY: '' } }),
  },
  {
    check: 'settings.names',
    what: 'a misspelt name',
    status: 'warning',
    says: /MINIO_ACESS_KEY .* did you mean MINIO_ACCESS_KEY\?/,
    hint: /mangamotion help settings/,
    change: () => ({ env: { MINIO_ACESS_KEY: 'x' } }),
  },
  {
    check: 'settings.names',
    what: 'an unknown name in the configuration file',
    status: 'failure',
    says: /BAKUP_RETENTION_DAYS .* is not a setting/,
    hint: /mangamotion help settings/,
    change: () => ({ args: ['--config', file('typo.json', '{"BAKUP_RETENTION_DAYS": 3}')] }),
  },
  {
    check: 'settings.secrets',
    what: 'an env file with a secret that all can read',
    status: 'warning',
    says: /open\.env holds MINIO_SECRET_KEY and can be read by all users/,
    hint: /^chmod 600 .*open\.env$/,
    change: () => ({
      args: ['--env-file', file('open.env', 'MINIO_SECRET_KEY=minioadmin\n', 0o644)],
    }),
  },
  {
    check: 'settings.secrets',
    what: 'a key file that all can read',
    status: 'warning',
    says: /MINIO_SECRET_KEY_FILE .*can be read by all users/,
    hint: /^chmod 600 .*open\.key$/,
    change: () => ({
      env: {
        MINIO_SECRET_KEY: '',
        MINIO_SECRET_KEY_FILE: file('open.key', d.env.MINIO_SECRET_KEY ?? '', 0o644),
      },
    }),
  },
  {
    check: 'redis.reachable',
    what: 'nobody listens',
    status: 'failure',
    says: /cannot reach Redis at 127\.0\.0\.1:1: .*ECONNREFUSED/,
    hint: /REDIS_URL/,
    change: () => ({ env: { REDIS_URL: 'redis://127.0.0.1:1' } }),
  },
  {
    check: 'redis.reachable',
    what: 'nobody listens where none is named',
    status: 'warning',
    says: /REDIS_URL is not set/,
    hint: /BILLING_ENABLED=false/,
    change: () => ({ env: { REDIS_URL: '', BILLING_ENABLED: 'true' } }),
  },
  {
    check: 'redis.reachable',
    what: 'TLS where there is none',
    status: 'failure',
    says: /the server does not speak TLS there/,
    hint: /write redis:\/\/ for rediss:\/\//,
    change: () => ({ env: { REDIS_URL: d.redisServer.url.replace('redis:', 'rediss:') } }),
  },
  {
    check: 'redis.reachable',
    what: 'no TLS where there is',
    status: 'failure',
    says: /the server speaks TLS there/,
    hint: /write rediss:\/\/ for redis:\/\//,
    change: async () => {
      const front = await startTlsFront(d.redisServer.url, 'loopback');
      return { env: { REDIS_URL: front.endpoint.replace('https:', 'redis:') }, undo: front.close };
    },
  },
  {
    check: 'redis.reachable',
    what: 'a server that is silent',
    status: 'failure',
    says: /is silent: no answer within 3 s/,
    hint: /hangs/,
    change: async () => {
      const { port, stop } = await silentServer();
      return { env: { REDIS_URL: `redis://127.0.0.1:${port}` }, undo: stop };
    },
  },
  {
    check: 'redis.reachable',
    what: 'it loads its data',
    status: 'failure',
    says: /still loading its data/,
    hint: /wait until it has read them/,
    change: () => {
      d.answerRedis(() => '-LOADING Redis is loading the dataset in memory\r\n');
      return undefined;
    },
  },
  {
    check: 'redis.login',
    what: 'a wrong password',
    status: 'failure',
    says: /refuses the user or the password/,
    hint: /REDIS_URL/,
    change: () => {
      d.answerRedis(([name]) =>
        name?.toUpperCase() === 'AUTH'
          ? '-WRONGPASS invalid username-password pair\r\n'
          : undefined,
      );
      return { env: { REDIS_URL: d.redisProxy.url.replace('//', '//:wrong@') } };
    },
  },
  {
    check: 'redis.whole',
    what: 'a node of a cluster',
    status: 'failure',
    says: /part of a cluster/,
    hint: /point REDIS_URL at a Redis that has all/,
    change: () => {
      d.answerRedis(([name]) =>
        name?.toUpperCase() === 'HELLO' ? '*2\r\n$4\r\nmode\r\n$7\r\ncluster\r\n' : undefined,
      );
      return undefined;
    },
  },
  {
    check: 'redis.clock',
    what: 'its clock is an hour ahead',
    status: 'failure',
    says: /the clock of Redis is 3[56]\d\d s ahead/,
    hint: /NTP/,
    change: () => {
      const seconds = String(Math.floor(Date.now() / 1000) + 3600);
      d.answerRedis(([name]) =>
        name?.toUpperCase() === 'TIME'
          ? `*2\r\n$${seconds.length}\r\n${seconds}\r\n$1\r\n0\r\n`
          : undefined,
      );
      return undefined;
    },
  },
  {
    check: 'redis.version',
    what: 'an old version',
    status: 'warning',
    says: /Redis 6\.0\.9 gets no fixes/,
    hint: /upgrade/,
    change: info({ redis_version: '6.0.9' }),
  },
  {
    check: 'redis.version',
    what: 'a version without streams',
    status: 'failure',
    says: /Redis 4\.0\.1 is too old/,
    hint: /upgrade/,
    change: info({ redis_version: '4.0.1' }),
  },
  {
    check: 'redis.role',
    what: 'a replica',
    status: 'warning',
    says: /it is a replica of 10\.0\.0\.1:6379/,
    hint: /point REDIS_URL at the master/,
    change: info({
      role: 'slave',
      master_host: '10.0.0.1',
      master_port: '6379',
      master_link_status: 'up',
      master_last_io_seconds_ago: '1',
    }),
  },
  {
    check: 'redis.replication',
    what: 'a replica without its master',
    status: 'failure',
    says: /has lost its master/,
    hint: /master/,
    change: info({ role: 'slave', master_link_status: 'down' }),
  },
  {
    check: 'redis.replication',
    what: 'a replica that lags',
    status: 'warning',
    says: /10\.0\.0\.2:6379 is 95 s behind/,
    hint: /log of that replica/,
    change: info({
      connected_slaves: '1',
      slave0: 'ip=10.0.0.2,port=6379,state=online,offset=1,lag=95',
    }),
  },
  {
    check: 'redis.policy',
    what: 'a policy that evicts',
    status: 'warning',
    says: /evicts keys when its memory is full \(maxmemory-policy allkeys-lru\)/,
    hint: /CONFIG SET maxmemory-policy noeviction/,
    change: info({ maxmemory: '100000000', maxmemory_policy: 'allkeys-lru' }),
  },
  {
    check: 'redis.evicted',
    what: 'keys were evicted',
    status: 'failure',
    says: /has evicted 12 keys/,
    hint: /mangamotion billing audit/,
    change: info({ evicted_keys: '12' }),
  },
  {
    check: 'redis.memory',
    what: 'memory near its limit',
    status: 'warning',
    says: /nearly full/,
    hint: /CONFIG SET maxmemory 2mb/,
    change: info({ maxmemory: '1048576', used_memory: '1000000' }),
  },
  {
    check: 'redis.memory',
    what: 'memory at its limit',
    status: 'failure',
    says: /nearly full/,
    hint: /CONFIG SET maxmemory/,
    change: info({ maxmemory: '1000000', used_memory: '999999' }),
  },
  {
    check: 'redis.memory',
    what: 'the memory of the machine is used up',
    status: 'warning',
    says: /of its machine used/,
    hint: /maxmemory/,
    change: info({ used_memory_rss: '7800000000' }),
  },
  {
    check: 'redis.saving',
    what: 'nothing is saved',
    status: 'warning',
    says: /saves nothing to its disk/,
    hint: /CONFIG SET appendonly yes/,
    change: async () => {
      const bare = await startRedisServer();
      return { env: { REDIS_URL: bare.url }, undo: bare.stop };
    },
  },
  {
    check: 'redis.saving',
    what: 'nothing was saved for days, and CONFIG is not permitted',
    status: 'warning',
    says: /99 changes are not saved to its disk, for 48 h/,
    hint: /appendonly/,
    change: () => {
      const fields = [
        'redis_version:7.2.4',
        'role:master',
        'aof_enabled:0',
        'rdb_changes_since_last_save:99',
        'rdb_last_save_time:1',
        `server_time_usec:${(48 * 3600 + 1) * 1e6}`,
      ];
      const lines = fields.join('\r\n');
      d.answerRedis((command) => {
        const name = command[0]?.toUpperCase();
        if (name === 'CONFIG') return '-NOPERM no permission\r\n';
        return name === 'INFO' ? `$${lines.length}\r\n${lines}\r\n` : undefined;
      });
      return undefined;
    },
  },
  {
    check: 'redis.snapshot',
    what: 'a snapshot failed',
    status: 'failure',
    says: /snapshot could not be written/,
    hint: /disk is full/,
    change: info({ rdb_last_bgsave_status: 'err' }),
  },
  {
    check: 'redis.journal',
    what: 'the append-only file failed',
    status: 'failure',
    says: /append-only file could not be written/,
    hint: /disk is full/,
    change: info({ aof_last_write_status: 'err' }),
  },
  {
    check: 'redis.rights-reports',
    what: 'a user who may not read',
    status: 'failure',
    says: /reporter may not run SCAN, HMGET/,
    hint: /ACL SETUSER reporter \+scan/,
    change: () => user('+ping'),
  },
  {
    check: 'redis.rights-queue',
    what: 'a user who may not read streams',
    status: 'failure',
    says: /may not run XREVRANGE, which reading the queue/,
    hint: /\+xrevrange/,
    change: () => user('+@read', '-xrevrange'),
  },
  {
    check: 'redis.rights-tracker',
    what: 'a user who may write a part',
    status: 'failure',
    says: /may not run EVAL, EVALSHA, .*billing track/,
    hint: /\+eval/,
    change: () => user('+@read', '+hincrby'),
  },
  {
    check: 'redis.rights-tracker',
    what: 'a user who only reads',
    status: 'skipped',
    says: /reporter only reads/,
    hint: /^$/,
    change: () => user('+@read'),
  },
  {
    check: 'redis.rights-lease',
    what: 'a user who may claim, and not read the claim',
    status: 'failure',
    says: /may not run GET, which `schedule --lease redis` needs/,
    hint: /\+get/,
    change: () => user('+@read', '-get', '+set'),
  },
  {
    check: 'queue.version',
    what: 'a BullMQ that is not known',
    status: 'warning',
    says: /BullMQ 9\.1\.0 is not known/,
    hint: /newer mangamotion/,
    change: () => d.redis.hset('bull:ai-job:meta', 'version', 'bullmq:9.1.0'),
  },
  {
    check: 'queue.paused',
    what: 'jobs wait in a paused queue',
    status: 'warning',
    says: /paused, and 1 job waits/,
    hint: /resume/,
    change: async () => {
      await d.queue.addJob('9', 'wait');
      await d.redis.hset('bull:ai-job:meta', 'paused', '1');
    },
  },
  {
    check: 'queue.workers',
    what: 'jobs wait, and no worker is there',
    status: 'failure',
    says: /1 job waits, and no worker is connected/,
    hint: /start the workers/,
    change: () => d.queue.addJob('9', 'wait'),
  },
  {
    check: 'queue.stalled',
    what: 'an active job without a lock',
    status: 'warning',
    says: /1 job stalled: .* such as 9/,
    hint: /mangamotion jobs show 9/,
    change: () => d.queue.addJob('9', 'active'),
  },
  {
    check: 'queue.tracker',
    what: 'jobs complete without records',
    status: 'failure',
    says: /the tracker is silent: 4 jobs completed since .* meters are missing/,
    hint: /log of the workers/,
    change: () => d.redis.del('billing:job:1', 'billing:job:2', 'billing:job:3', 'billing:job:4'),
  },
  {
    check: 'billing.audit',
    what: 'days exceed the lifetime total',
    status: 'failure',
    says: /drift: 1 finding in a sample of 1 user, such as user alice: the days add up to more/,
    hint: /^mangamotion billing audit$/,
    change: () => d.redis.hset('billing:user:alice', 'bytes_processed', '1'),
  },
  {
    check: 'billing.audit',
    what: 'a counter that is no number',
    status: 'failure',
    says: /billing:user:alice: bytes_processed is not a number/,
    hint: /^mangamotion billing audit$/,
    change: () => d.redis.hset('billing:user:alice', 'bytes_processed', 'many'),
  },
  {
    check: 'billing.ids',
    what: 'a worker without a user id',
    status: 'warning',
    says: /there is a record billing:user:undefined/,
    hint: /billing audit --notes/,
    change: () => d.redis.hset('billing:user:undefined', 'job_count', '1'),
  },
  {
    check: 'store.reachable',
    what: 'nobody listens',
    status: 'failure',
    says: /127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
    hint: /MINIO_ENDPOINT/,
    change: () => ({ env: { MINIO_ENDPOINT: 'http://127.0.0.1:1' } }),
  },
  {
    check: 'store.reachable',
    what: 'TLS where there is none',
    status: 'failure',
    says: /cannot be reached/,
    hint: /begin MINIO_ENDPOINT with http:\/\//,
    change: () => ({ env: { MINIO_ENDPOINT: d.storeProxy.endpoint.replace('http:', 'https:') } }),
  },
  {
    check: 'store.reachable',
    what: 'a certificate that nobody trusts',
    status: 'failure',
    says: /cannot be reached: .*certificate/,
    hint: /MINIO_CA_FILE/,
    change: async () => {
      const front = await startTlsFront(d.storeProxy.endpoint, 'loopback');
      return { env: { MINIO_ENDPOINT: front.endpoint }, undo: front.close };
    },
  },
  {
    check: 'store.reachable',
    what: 'a store that hangs',
    status: 'failure',
    says: /is silent: no answer within 3 s/,
    hint: /hangs/,
    change: async () => {
      const { port, stop } = await silentServer();
      return { env: { MINIO_ENDPOINT: `http://127.0.0.1:${port}` }, undo: stop };
    },
  },
  {
    check: 'store.credentials',
    what: 'a wrong secret key',
    status: 'failure',
    says: /SignatureDoesNotMatch/,
    hint: /MINIO_SECRET_KEY/,
    change: () => ({ env: { ...d.ownStore, MINIO_SECRET_KEY: 'wrong-word' } }),
  },
  {
    check: 'store.credentials',
    what: 'an unknown access key',
    status: 'failure',
    says: /InvalidAccessKeyId/,
    hint: /MINIO_ACCESS_KEY/,
    change: () => ({ env: { ...d.ownStore, MINIO_ACCESS_KEY: 'nobody' } }),
  },
  {
    check: 'store.clock',
    what: 'a clock that is too far off',
    status: 'failure',
    says: /RequestTimeTooSkewed/,
    hint: /clock/,
    change: refuse('ListBuckets', 403, 'RequestTimeTooSkewed'),
  },
  {
    check: 'store.clock',
    what: 'its clock is a minute behind',
    status: 'warning',
    says: /the clock of the store is \d\d s behind/,
    hint: /NTP/,
    change: () => {
      d.storeProxy.be({
        handle: async (request, next) => {
          const answer = await next(request);
          const date = new Date(Date.now() - 60_000).toUTCString();
          return { ...answer, headers: { ...answer.headers, date } };
        },
      });
      return undefined;
    },
  },
  {
    check: 'store.region',
    what: 'buckets in another region',
    status: 'warning',
    says: /lies in eu-west-1, and requests are signed for us-east-1 first/,
    hint: /^set MINIO_REGION=eu-west-1$/,
    change: () => {
      d.answerStore((operation) =>
        operation === 'GetBucketLocation'
          ? xmlAnswer(200, '<LocationConstraint>eu-west-1</LocationConstraint>')
          : undefined,
      );
      return undefined;
    },
  },
  {
    check: 'store.buckets',
    what: 'the buckets may not be listed',
    status: 'warning',
    says: /may not list the buckets/,
    hint: /s3:ListAllMyBuckets/,
    change: refuse('ListBuckets', 403, 'AccessDenied'),
  },
  {
    check: 'store.buckets',
    what: 'there are none',
    status: 'warning',
    says: /has no buckets/,
    hint: /MINIO_ENDPOINT/,
    change: () => {
      d.answerStore((operation) =>
        operation === 'ListBuckets'
          ? xmlAnswer(200, '<ListAllMyBucketsResult><Buckets></Buckets></ListAllMyBucketsResult>')
          : undefined,
      );
      return undefined;
    },
  },
  {
    check: 'store.job-buckets',
    what: 'the bucket of results is not there',
    status: 'warning',
    says: /buckets that do not exist: no-such-bucket/,
    hint: /JOB_RESULT_PATHS/,
    change: () => ({ env: { JOB_RESULT_PATHS: 'no-such-bucket/{job}/result.zip' } }),
  },
  {
    check: 'store.rights-backup',
    what: 'objects may not be read',
    status: 'failure',
    says: /GetObject needs s3:GetObject/,
    hint: /help security/,
    change: refuse('GetObject', 403, 'AccessDenied'),
  },
  {
    check: 'store.rights-backup',
    what: 'tags may not be read',
    status: 'failure',
    says: /GetObjectTagging needs s3:GetObjectTagging/,
    hint: /help security/,
    change: refuse('GetObjectTagging', 403, 'AccessDenied'),
  },
  {
    check: 'store.rights-backup',
    what: 'a bucket may not be listed',
    status: 'failure',
    says: /needs s3:ListBucket/,
    hint: /help security/,
    change: refuse('ListObjectsV2', 403, 'AccessDenied'),
  },
  {
    check: 'store.rights-lock',
    what: 'locks may not be read',
    status: 'failure',
    says: /needs s3:GetObjectRetention/,
    hint: /help security/,
    change: () => {
      d.answerStore((operation) => {
        if (operation === 'GetObjectLockConfiguration')
          return xmlAnswer(
            200,
            '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
          );
        return operation === 'GetObjectRetention' ? s3Error(403, 'AccessDenied') : undefined;
      });
      return undefined;
    },
  },
  {
    check: 'store.rights-settings',
    what: 'policies may not be read',
    status: 'warning',
    says: /will lack policy of buckets/,
    hint: /help security/,
    change: refuse('GetBucketPolicy', 403, 'AccessDenied'),
  },
  {
    check: 'store.versioning',
    what: 'versioning is suspended',
    status: 'warning',
    says: /versioning of .* is suspended/,
    hint: /put-bucket-versioning/,
    change: () => {
      d.answerStore((operation) =>
        operation === 'GetBucketVersioning'
          ? xmlAnswer(
              200,
              '<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>',
            )
          : undefined,
      );
      return undefined;
    },
  },
  {
    check: 'store.lifecycle',
    what: 'a rule expires objects',
    status: 'warning',
    says: /removes objects under tmp\/ after 7 days/,
    hint: /BACKUP_EXPECT_DELETIONS=/,
    change: lifecycle(
      '<Filter><Prefix>tmp/</Prefix></Filter><Expiration><Days>7</Days></Expiration>',
    ),
  },
  {
    check: 'store.uploads',
    what: 'old unfinished uploads',
    status: 'warning',
    says: /1 unfinished upload more than 3 days old .*big\.bin of 2026-01-01/,
    hint: /AbortIncompleteMultipartUpload/,
    change: () => {
      d.answerStore((operation) =>
        operation === 'ListMultipartUploads'
          ? xmlAnswer(
              200,
              '<ListMultipartUploadsResult><IsTruncated>false</IsTruncated><Upload><Key>big.bin</Key><UploadId>u</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload></ListMultipartUploadsResult>',
            )
          : undefined,
      );
      return undefined;
    },
  },
  {
    check: 'destination.exists',
    what: 'a folder that there is not',
    status: 'failure',
    says: /no such folder: .*gone/,
    hint: /mkdir -p .*gone/,
    change: () => ({ args: ['gone'] }),
  },
  {
    check: 'destination.exists',
    what: 'a bucket that there is not',
    status: 'failure',
    says: /no-such-bucket/,
    hint: /Create the bucket/,
    change: () => ({ args: ['s3://no-such-bucket/x'], env: d.offsiteEnv }),
  },
  {
    check: 'destination.room',
    what: 'the next full has no room',
    status: 'failure',
    says: /free, and the next full needs some/,
    hint: /backup prune backups --dry-run/,
    change: async () => {
      const at = d.hoursAgo(1);
      await writeBackup(d.path('backups'), { at, sequence: 3 });
      await d.claimLarger(at, 2 ** 50);
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.lock',
    what: 'a run that hangs',
    status: 'warning',
    says: /locked for more than a day by `backup full`, process \d+/,
    hint: /ps -p \d+/,
    change: async () => {
      const owner = await describeOwner('backup full');
      const since = new Date(Date.now() - 30 * 3_600_000).toISOString();
      await new FolderClaims(d.path('backups')).put(
        'x',
        encodeClaim({ state: 'held', since, owner }),
      );
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.object-lock',
    what: 'the newest backup is not locked',
    status: 'warning',
    says: /the newest backup, minio_backup_full_\d+_\d+, is not locked, and earlier ones/,
    hint: /BACKUP_LOCK_DAYS/,
    change: () => lockedDestination([LOCK, undefined]),
  },
  {
    check: 'destination.object-lock',
    what: 'what the newest backup needs is not locked',
    status: 'warning',
    says: /2 files that the newest backup needs are locked for a shorter time: .* is not locked/,
    hint: /backup incremental s3:.* --lock/,
    change: () => lockedDestination([LOCK]),
  },
  {
    check: 'destination.hidden',
    what: 'a locked file is deleted',
    status: 'failure',
    says: /1 locked file is hidden: minio_backup_full_\d+_\d+\.tar\.gz by a deletion of 2/,
    hint: /backup list s3:.* --as-stored-at 2/,
    change: async () => {
      const { store, bucket, ids, ...change } = await lockedDestination([LOCK]);
      const key = `${ids[0]}.tar.gz`;
      await store.putRetention(bucket, key, { mode: LOCK.mode, until: LOCK.until });
      await store.deleteObject(bucket, key);
      return change;
    },
  },
  {
    check: 'destination.age',
    what: 'older than --max-age',
    status: 'failure',
    says: /is 6 hours old, and may be at most 2 hours/,
    hint: /mangamotion backup full backups/,
    change: () => ({ args: ['backups', '--max-age', '2h'] }),
  },
  {
    check: 'destination.age',
    what: 'older than a week, without --max-age',
    status: 'warning',
    says: /is 9 days old/,
    hint: /mangamotion backup full old/,
    change: async () => {
      mkdirSync(d.path('old'), { recursive: true });
      await writeBackup(d.path('old'), { at: d.hoursAgo(9 * 24 + 1), sequence: 1 });
      return { args: ['old'], undo: () => rmSync(d.path('old'), { recursive: true }) };
    },
  },
  {
    check: 'destination.age',
    what: 'no backup at all',
    status: 'failure',
    says: /there is no complete backup/,
    hint: /mangamotion backup full empty/,
    change: () => {
      mkdirSync(d.path('empty'), { recursive: true });
      return { args: ['empty'] };
    },
  },
  {
    check: 'destination.age',
    what: 'a backup of the future',
    status: 'warning',
    says: /dated in the future/,
    hint: /clock/,
    change: async () => {
      await writeBackup(d.path('backups'), { at: d.hoursAgo(-48), sequence: 3 });
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.whole',
    what: 'an archive is missing',
    status: 'failure',
    says: /the archive of .* is missing/,
    hint: /backup full backups/,
    change: () => {
      rmSync(join(d.path('backups'), `${idAt(d.newest)}.tar.gz`));
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.whole',
    what: 'an archive was cut',
    status: 'failure',
    says: /has 10 bytes, but its summary says 100/,
    hint: /backup full backups/,
    change: () => {
      truncateSync(join(d.path('backups'), `${idAt(d.newest)}.tar.gz`), 10);
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.suspect',
    what: 'a suspect backup',
    status: 'failure',
    says: /is suspect: objects of the store were deleted/,
    hint: /mangamotion backup accept backups\/minio_backup_full_/,
    change: async () => {
      await writeBackup(d.path('backups'), { at: d.hoursAgo(1), sequence: 3, status: 'suspect' });
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.partial',
    what: 'a partial backup',
    status: 'warning',
    says: /is partial: 0 objects could not be read/,
    hint: /mangamotion backup show backups\/minio_backup_full_/,
    change: async () => {
      await writeBackup(d.path('backups'), { at: d.hoursAgo(1), sequence: 3, status: 'partial' });
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.versions',
    what: 'append-only without versions',
    status: 'warning',
    says: /append-only, but the bucket keeps no versions/,
    hint: /turn on versioning/,
    change: () => ({
      args: [`s3://${d.bucket}/backups`],
      env: { ...d.offsiteEnv, BACKUP_S3_APPEND_ONLY: 'true' },
    }),
  },
  {
    check: 'destination.leftovers',
    what: 'files of a dead run',
    status: 'warning',
    says: /1 file left of a dead run, such as .*tar\.gz\.partial/,
    hint: /mangamotion backup incremental backups/,
    change: () => {
      writeFileSync(join(d.path('backups'), `${idAt(d.hoursAgo(2))}.tar.gz.partial`), 'x');
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.legacy',
    what: 'old backups of the script',
    status: 'warning',
    says: /1 backup of backup-minio\.sh older than 30 days/,
    hint: /remove what is not needed by hand, beginning with .*minio_backup_full_20200101_000000/,
    change: () => {
      writeFileSync(
        join(d.path('backups'), 'minio_backup_full_20200101_000000.tar.gz'),
        'not ours',
      );
      return { args: ['backups'] };
    },
  },
  {
    check: 'destination.offsite',
    what: 'the offsite copy lags',
    status: 'warning',
    says: /offsite is 24 hours behind|offsite is \d+ hours behind/,
    hint: /mangamotion backup full offsite/,
    change: () => {
      rmSync(join(d.path('offsite'), `${idAt(d.newest)}.json`));
      return { args: ['backups', 'offsite', '--max-age', '12h'] };
    },
  },
  {
    check: 'destination.offsite',
    what: 'the offsite copy lacks a line',
    status: 'failure',
    says: /offsite has no complete backup of the line/,
    hint: /mangamotion backup full offsite/,
    change: () => {
      rmSync(d.path('offsite'), { recursive: true });
      mkdirSync(d.path('offsite'));
      return undefined;
    },
  },
  {
    check: 'schedule.file',
    what: 'a mistake',
    status: 'failure',
    says: /mangamotion\.crontab:1:\d+: /,
    hint: /mangamotion schedule check --file mangamotion\.crontab/,
    change: () => writeFileSync(d.path('mangamotion.crontab'), '0 99 * * *  backup full backups\n'),
  },
  {
    check: 'schedule.file',
    what: 'a named file that there is not',
    status: 'failure',
    says: /there is no file gone\.crontab/,
    hint: /schedule init/,
    change: () => ({ args: ['backups', '--file', 'gone.crontab'] }),
  },
  {
    check: 'schedule.file',
    what: 'a destination that there is not',
    status: 'warning',
    says: /there is no folder nowhere/,
    hint: /schedule check/,
    change: () => {
      writeFileSync(d.path('mangamotion.crontab'), 'CRON_TZ=UTC\n0 2 * * *  backup full nowhere\n');
      return { args: ['backups'] };
    },
  },
  {
    check: 'schedule.trust',
    what: 'everyone may write to it',
    status: 'failure',
    says: /everyone may write to it/,
    hint: /chmod go-w mangamotion\.crontab/,
    change: () => chmodSync(d.path('mangamotion.crontab'), 0o666),
  },
  {
    check: 'schedule.zone',
    what: 'a TZ that is no zone',
    status: 'warning',
    says: /TZ="Mars\/Base" is not the name of a time zone/,
    hint: /CRON_TZ/,
    change: () => {
      writeFileSync(d.path('mangamotion.crontab'), '0 2 * * *  backup full backups\n');
      const before = process.env.TZ;
      process.env.TZ = 'Mars/Base';
      return {
        undo: () => {
          if (before === undefined) delete process.env.TZ;
          else process.env.TZ = before;
        },
      };
    },
  },
  {
    check: 'schedule.state',
    what: 'a state that is cut',
    status: 'failure',
    says: /the state cannot be used: it is not JSON/,
    hint: /restart the daemon/,
    change: () => writeFileSync(join(ownFolderOf(d.path('state')), 'state.json'), '{"ver'),
  },
  {
    check: 'schedule.daemon',
    what: 'no daemon',
    status: 'failure',
    says: /no daemon is running/,
    hint: /systemctl start mangamotion/,
    change: () =>
      rmSync(join(ownFolderOf(d.path('state')), '.mangamotion-lock'), { recursive: true }),
  },
  {
    check: 'schedule.daemons',
    what: 'two daemons',
    status: 'failure',
    says: /two daemons run: process \d+/,
    hint: /kill \d+/,
    change: async () => {
      const before = process.env.XDG_STATE_HOME;
      process.env.XDG_STATE_HOME = d.path('xdg');
      await d.claimIn(join(d.path('xdg'), 'mangamotion'));
      return {
        undo: () => {
          if (before === undefined) delete process.env.XDG_STATE_HOME;
          else process.env.XDG_STATE_HOME = before;
        },
      };
    },
  },
  {
    check: 'schedule.overdue',
    what: 'nothing deals with what is due',
    status: 'failure',
    says: /1 entry came due and did not run, such as daily/,
    hint: /mangamotion schedule run daily/,
    change: () => d.writeState({ handled_until: d.hoursAgo(50) }).then(() => undefined),
  },
  {
    check: 'schedule.failures',
    what: 'the last run failed',
    status: 'failure',
    says: /the last run of daily ended with 6/,
    hint: /schedule history daily --failed/,
    change: () => d.writeState({ last_run: runRecord({ exit_code: 6 }) }).then(() => undefined),
  },
  {
    check: 'schedule.failures',
    what: 'the last run was partial',
    status: 'warning',
    says: /the last run of daily ended with 3/,
    hint: /schedule history daily/,
    change: () => d.writeState({ last_run: runRecord({ exit_code: 3 }) }).then(() => undefined),
  },
  {
    check: 'schedule.missed',
    what: 'the last run was missed',
    status: 'warning',
    says: /the last run of daily was missed: the machine was off/,
    hint: /schedule run daily/,
    change: () => d.writeState({ last_run: notRun('missed') }).then(() => undefined),
  },
  {
    check: 'schedule.history',
    what: 'a history with rubbish',
    status: 'warning',
    says: /1 line of the history cannot be read/,
    hint: /schedule history/,
    change: () => writeFileSync(join(ownFolderOf(d.path('state')), 'history.ndjson'), 'rubbish\n'),
  },
  {
    check: 'drills.age',
    what: 'no drill yet',
    status: 'skipped',
    says: /no drill/,
    hint: /mangamotion drill object/,
    change: () => undefined,
  },
  {
    check: 'drills.age',
    what: 'the last drill long ago',
    status: 'warning',
    says: /the last drill was 50 days ago/,
    hint: /mangamotion drill object/,
    change: () => drilled({ at: d.hoursAgo(50 * 24) }),
  },
  {
    check: 'drills.age',
    what: 'a record that is none',
    status: 'warning',
    says: /some records of drills cannot be read/,
    hint: /drill history/,
    change: () => writeFileSync(join(ownFolderOf(d.path('state')), 'drills.ndjson'), 'rubbish\n'),
  },
  {
    check: 'drills.verdict',
    what: 'a drill that missed its objective',
    status: 'failure',
    says: /the last drill of store missed its objective: it took too long/,
    hint: /drill history, then: mangamotion drill store/,
    change: () =>
      drilled(
        { at: d.hoursAgo(3), id: 'a', scenario: 'store', verdict: 'met' },
        { ...{ id: 'b', scenario: 'store', verdict: 'missed' }, reason: 'it took too long' },
        { id: 'c' },
      ),
  },
  {
    check: 'drills.verdict',
    what: 'a drill of another host that missed its objective since',
    status: 'failure',
    says: /the last drill of store missed its objective: too late/,
    hint: /drill history, then: mangamotion drill store/,
    change: async () => {
      await drilled({ at: d.hoursAgo(3), id: 'a', scenario: 'store', verdict: 'met' });
      const missed = { id: 'b', scenario: 'store', verdict: 'missed', reason: 'too late' } as const;
      const claims = new FolderClaims(d.path('backups'), RECORDS_FOLDER);
      await putRecord(claims, drillRecord({ at: d.hoursAgo(2), cold: true, ...missed }));
    },
  },
  {
    check: 'drills.age',
    what: 'records at a destination that cannot be read',
    status: 'warning',
    says: /the drills of all hosts are not known: the records at .*nowhere cannot be read/,
    hint: /drill history .*nowhere/,
    change: async () => {
      await drilled({});
      return { args: [d.path('backups'), d.path('nowhere')] };
    },
  },
  {
    check: 'drills.verdict',
    what: 'a drill that proved nothing',
    status: 'warning',
    says: /the last drill of redis proved nothing/,
    hint: /mangamotion drill redis/,
    change: () => drilled({ scenario: 'redis', verdict: 'not_proven' }),
  },
  {
    check: 'verification.age',
    what: 'damage that a run has found',
    status: 'failure',
    says: /100 B was damaged when it was last read/,
    hint: /backup verify .*backups --within 30d/,
    change: async () => {
      const id = await writeBackup(d.path('backups'), { at: d.hoursAgo(40), sequence: 0 });
      const run = { parts: 1, bytes: 100, read_at: DAMAGED };
      const archives = new Map([[id, { directory: '', runs: [run] }]]);
      verified({ begun_at: d.hoursAgo(900), ended_at: d.hoursAgo(1), archives });
    },
  },
  {
    check: 'verification.age',
    what: 'runs that have stopped',
    status: 'warning',
    says: /0 % was read within 30 days, but the last run was 9 days ago/,
    hint: /backup verify .*backups --within 30d/,
    change: () => verified({ begun_at: d.hoursAgo(900), ended_at: d.hoursAgo(9 * 24) }),
  },
  {
    check: 'verification.age',
    what: 'a part that nothing has read for long',
    status: 'warning',
    says: /100 B was not read for 30 days/,
    hint: /--within 30d/,
    change: async () => {
      await writeBackup(d.path('backups'), { at: d.hoursAgo(40 * 24), sequence: 0 });
      verified({ begun_at: d.hoursAgo(900), ended_at: d.hoursAgo(1) });
    },
  },
];

describe('each thing that is broken has its line', () => {
  it.each(BREAKS)('$check: $what', async ({ check, status, says, hint, change }) => {
    const changed = ((await change()) ?? {}) as Change;
    try {
      const report = await d.report(changed);
      const found = report.checks.filter(({ name }) => name === check);
      const worst = found.find((one) => one.status === status) ?? found[0];
      expect({ ...worst, hint: worst?.hint ?? '' }).toMatchObject({
        status,
        message: expect.stringMatching(says) as string,
        hint: expect.stringMatching(hint) as string,
      });
      if (status !== 'skipped') expect(report.exitCode).toBe(report.status === 'failures' ? 5 : 3);
    } finally {
      await Promise.resolve(changed.undo?.());
    }
  });
});

/** What a test of the decision alone breaks: another Node.js, a full disk, a folder of somebody else. */
const ELSEWHERE = ['node.version', 'node.files', 'destination.writable', 'destination.inodes'];

it('no check is without a test that breaks it', () => {
  const all = [
    ...hostChecks,
    ...laterChecks,
    ...evidenceChecks,
    ...destinationChecks,
    ...offsiteChecks,
  ];
  const broken = new Set([...BREAKS.map(({ check }) => check), ...ELSEWHERE]);
  expect(all.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  expect(BREAKS.length).toBeGreaterThanOrEqual(40);
});
