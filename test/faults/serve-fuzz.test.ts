import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { backUp, temporaryFolder } from '../helpers/backups.js';
import { BillingRecords, dayFromToday } from '../helpers/billing-records.js';
import { BullQueues, fillQueue, type FilledQueue } from '../helpers/bull-queues.js';
import { storeSettings } from '../helpers/cli.js';
import { TestDaemon } from '../helpers/daemon.js';
import { startRedisServer, type RedisServer } from '../helpers/redis-server.js';
import { rounds } from '../helpers/rounds.js';
import { schemathesisCommand } from '../helpers/schemathesis.js';
import { noise, seed } from '../helpers/seed.js';
import { documentOf, TestServer } from '../helpers/serve.js';
import { freshBucket, removeBucket, testStore } from '../helpers/test-store.js';

/**
 * Schemathesis asks every route what its OpenAPI document allows, and what it does not. Nothing may be an
 * error of the server, and nothing may be answered that the document does not describe: no other status, type
 * or document.
 */

/** Shown in the failure, with the requests that repeat it. */
const SEED = 17;
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'unsupported_method',
];
/**
 * Not checked: `negative_data_rejection`, since parameters that a route does not know are ignored, as they
 * always were; `positive_data_acceptance`, since a schema cannot say that a month has begun, or that one day
 * is not before the other; `ignored_auth`, since nobody has to log in here. The others are about objects that
 * an API makes and deletes, which this one does not.
 */

interface Parameter {
  name: string;
  in: string;
  examples?: Record<string, { value: string }>;
}
interface OpenApi {
  paths: Record<string, Record<string, { parameters: Parameter[] }>>;
}

const { folder, remove } = temporaryFolder();
const store = testStore();
const server = new TestServer();
const daemon = new TestDaemon(join(folder, 'schedule'));
let redis: RedisServer;
let bull: BullQueues;
let bucket: string;
let jobs: FilledQueue;
let backup: string;

beforeAll(async () => {
  redis = await startRedisServer();
  bull = await BullQueues.load(5, redis.url);
  jobs = await fillQueue(bull, 'ai-job');
  const client = new Redis(redis.url);
  const records = new BillingRecords(client);
  const usage = { bytes_processed: 4096, compute_seconds: '12.5', job_count: 1 };
  await records.tracked('alice', { day: dayFromToday(0), job: jobs.completed, usage });
  await records.tracked('bob', { day: dayFromToday(-1), job: 'gone', usage });
  client.disconnect();
  bucket = await freshBucket(store);
  await seed(store, bucket, [
    { key: `outputs/${jobs.completed}/video.mp4`, content: noise(100_000, 'video') },
    { key: 'page.png', content: noise(5000, 'page') },
    { key: 'empty', content: Buffer.alloc(0) },
  ]);
  const backups = join(folder, 'backups');
  mkdirSync(backups);
  backup = (await backUp(store, backups, [bucket])).id;
  daemon.write('# name=harmless\n0 4 1 1 * config show\n');
  await daemon.start();
  const schedule = join(daemon.folder, 'mangamotion.crontab');
  const flags = ['--backup', backups, '--file', schedule, '--state-dir', daemon.stateFolder];
  const env = { REDIS_URL: redis.url, S3_BUCKET: bucket };
  await server.start(flags, storeSettings({ env }));
});
afterAll(async () => {
  await server.stop();
  await daemon.kill();
  await bull.close();
  await redis.stop();
  await removeBucket(store, bucket);
  store.close();
  remove();
});

/** Values by the names of parameters that there is something behind: at random, they would not be met. */
async function known(path: string): Promise<Record<string, readonly string[]>> {
  const { runs } = documentOf(await server.get('/api/schedule/history'));
  const [run] = runs as { id: string }[];
  const { completed, failed, active, waiting } = jobs;
  return {
    user_id: ['alice', 'bob'],
    jobId: [completed, 'gone'],
    name: ['harmless'],
    bucket: [bucket],
    key: ['page.png', 'empty', `outputs/${completed}/video.mp4`],
    prefix: [`${bucket}/`],
    id: path.startsWith('/api/backups')
      ? [backup]
      : path.startsWith('/api/schedule')
        ? [run?.id ?? '']
        : [completed, failed, active, waiting],
  };
}

/** The document as it is served, with these values as examples. */
async function writeDocument(): Promise<string> {
  const document = documentOf(await server.get('/api/openapi.json')) as unknown as OpenApi;
  for (const [path, operations] of Object.entries(document.paths)) {
    const values = await known(path);
    for (const { parameters } of Object.values(operations)) {
      for (const parameter of parameters) {
        const of = values[parameter.name];
        if (of === undefined) continue;
        parameter.examples = Object.fromEntries(of.map((value, at) => [`known${at}`, { value }]));
      }
    }
  }
  const file = join(folder, 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  return file;
}

/** Resolves when the program has ended. Its report is the failure where it found something. */
async function fuzz(url: string, examples: number, ...filter: string[]): Promise<void> {
  const [python, ...words] = schemathesisCommand();
  const args = [
    ...['run', await writeDocument(), '--url', url, '--checks', CHECKS.join(',')],
    ...['--phases', 'examples,coverage,fuzzing', '--max-examples', String(examples)],
    ...['--seed', String(SEED), '--generation-database', 'none', '--no-color'],
    ...['--continue-on-failure', '--request-timeout', '20'],
    // A change is accepted from our own page alone.
    ...['-H', `Origin: ${url}`, ...filter],
  ];
  const report = await new Promise<string>((resolve) => {
    const env = { ...process.env, SCHEMATHESIS_HOOKS: '' };
    const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
    execFile(python, [...words, ...args], options, (error, stdout, stderr) => {
      resolve(error === null ? '' : `${stdout}${stderr}`);
    });
  });
  expect(report).toBe('');
}

it('answers whatever schemathesis asks as its document says', async () => {
  // The first run has a log, which its route is asked for.
  const headers = { origin: server.url };
  const asked = await server.request('POST', '/api/schedule/harmless/run', { headers });
  const { id } = documentOf(asked);
  await daemon.recorded((records) => records.some((record) => record.id === id));
  await fuzz(server.url, rounds({ sample: 15, all: 300 }), '--exclude-path', '/api/jobs/events');
  expect(server.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

it('answers a stream of events as its document says', async () => {
  const front = await startEndingFront(server.port);
  try {
    await fuzz(front.url, rounds({ sample: 15, all: 300 }), '--include-path', '/api/jobs/events');
  } finally {
    await front.close();
  }
});

/** Passes requests on, and ends an answer that is a stream after its first event: it would have no end. */
async function startEndingFront(port: number) {
  const front = http.createServer((request, response) => {
    const { method, url: path, headers } = request;
    const host = `127.0.0.1:${port}`;
    const own = { ...headers, host, origin: `http://${host}` };
    const passed = http.request({ host: '127.0.0.1', port, method, path, headers: own });
    passed.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true;
      if (!isStream) answer.pipe(response);
      else if (method === 'HEAD') response.end();
      else answer.once('data', (chunk) => response.end(chunk, () => passed.destroy()));
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      front.closeAllConnections();
      front.close(() => resolve());
    });
  return { url, close };
}
