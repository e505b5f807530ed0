import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import type { ObjectStore } from '../../src/object-store/port.js';
import { findCommand, removeAtExit } from '../helpers/child-processes.js';
import { installHint } from '../helpers/install-hint.js';
import { startOwnS3Server, type S3Server } from '../helpers/s3-server.js';
import { addressOf } from '../helpers/test-store.js';
import { measureBilling } from './billing.js';
import { measureCopy } from './copy.js';
import { measureDiff } from './diff.js';
import { measureEncrypted } from './encrypted.js';
import { measureFleet } from './fleet.js';
import { measureHead } from './head.js';
import { measureDownload, measureJobs } from './jobs.js';
import { measurePlanning } from './planning.js';
import { measureRedis } from './redis.js';
import { measureSchedule } from './schedule.js';
import { measureServe } from './serve.js';
import { measureWorkers, measureWorkersBack } from './workers.js';
import { fillLarge, fillMixed, fillTiny } from './content.js';
import {
  type Row,
  measureIncremental,
  measureKey,
  measureMixed,
  measureOffsite,
  measureOffsitePeak,
  measurePeaks,
  measureStart,
  measureSynthetic,
} from './measurements.js';

/**
 * `npm run bench [-- part ...]`: ratios against peers on the same server in the same run, as medians.
 * Nothing passes or fails here. The table of a group whose parts were all run goes into the manual.
 */

const LARGE_BYTES = 5_000_000_000;
const OFFSITE_BYTES = 1_000_000_000;
const MANY_OBJECTS = 100_000;
const TINY_OBJECTS = 200_000;
const PAGE = fileURLToPath(new URL('../../src/manual/speed.md', import.meta.url));

export interface Bench {
  store: ObjectStore;
  env: NodeJS.ProcessEnv;
  folder: string;
}

/** Parts that need an object store; a fresh one each, but for `key`, which looks at what `mixed` made. */
const storeParts: Record<string, (bench: Bench) => Promise<Row[]>> = {
  mixed: async (bench) => {
    await fillMixed(bench.store, 'mixed');
    return await measureMixed(bench, 'mixed');
  },
  key: (bench) => measureKey(bench, 'mixed'),
  large: async (bench) => {
    await fillLarge(bench.store, 'large', LARGE_BYTES);
    return await measurePeaks(bench, 'large', 'one object of 5 GB');
  },
  tiny: async (bench) => {
    await fillTiny(bench.store, 'tiny', TINY_OBJECTS);
    return await measurePeaks(bench, 'tiny', '200,000 tiny objects');
  },
  incremental: async (bench) => {
    await fillTiny(bench.store, 'many', MANY_OBJECTS);
    return await measureIncremental(bench, 'many');
  },
  offsite: async (bench) => {
    await fillMixed(bench.store, 'mixed');
    const rows = await measureOffsite(bench, 'mixed');
    await fillLarge(bench.store, 'large', OFFSITE_BYTES);
    return [...rows, ...(await measureOffsitePeak(bench, 'large'))];
  },
  copy: async (bench) => {
    await fillLarge(bench.store, 'large', OFFSITE_BYTES);
    return await measureCopy(bench, 'large');
  },
  encrypted: async (bench) => {
    await fillMixed(bench.store, 'mixed');
    return await measureEncrypted(bench, 'mixed');
  },
  synthetic: (bench) => measureSynthetic(bench),
  download: (bench) => measureDownload(bench),
  redis: (bench) => measureRedis(bench),
};
const otherParts: Record<string, () => Promise<Row[]>> = {
  start: () => measureStart(),
  diff: () => measureDiff(),
  workers: () => measureWorkers(),
  'workers-back': () => measureWorkersBack(),
  fleet: () => measureFleet(),
  planning: () => measurePlanning(),
  head: () => measureHead(),
  billing: () => measureBilling(),
  jobs: () => measureJobs(),
  schedule: () => measureSchedule(),
  serve: () => measureServe(),
};

/** The tables of the page, by the parts that fill them. */
const groups: Record<string, readonly string[]> = {
  backup: [
    ...Object.keys(storeParts).filter(
      (part) => part !== 'download' && part !== 'redis' && part !== 'encrypted',
    ),
    'start',
  ],
  encrypted: ['encrypted'],
  diff: ['diff'],
  workers: ['workers'],
  'workers-back': ['workers-back'],
  fleet: ['fleet'],
  shards: ['planning', 'head'],
  redis: ['redis'],
  billing: ['billing'],
  jobs: ['jobs', 'download'],
  schedule: ['schedule'],
  serve: ['serve'],
};

async function main(): Promise<void> {
  const chosen = process.argv.slice(2);
  const names = chosen.length === 0 ? Object.values(groups).flat() : chosen;
  for (const peer of ['rclone', 'tar', 'gzip']) {
    if (findCommand(peer) === undefined) throw new Error(`no ${peer}. ${installHint()}`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'mangamotion-bench-'));
  removeAtExit(folder);
  const measured = new Map<string, Row[]>();
  for (const [index, name] of names.entries()) {
    console.log(`# ${name}`);
    const rows = await runPart(name, names[index + 1], folder);
    for (const { what, value, bound } of rows) {
      console.log(`${what}: ${value}${bound === '' ? '' : ` (aim: ${bound})`}`);
    }
    measured.set(name, rows);
  }
  for (const [group, members] of Object.entries(groups)) {
    const rows = members.flatMap((member) => measured.get(member) ?? []);
    if (rows.length === 0) continue;
    const table = render(rows, group);
    console.log(`\n${table}`);
    if (members.every((member) => measured.has(member))) intoPage(group, table);
  }
}

async function runPart(name: string, next: string | undefined, folder: string): Promise<Row[]> {
  const other = otherParts[name];
  if (other !== undefined) return await other();
  const part = storeParts[name];
  if (part === undefined) throw new Error(`no such part: ${name}`);
  current = name === 'key' ? current : await open(folder);
  if (current === undefined) throw new Error('key needs mixed before it');
  kind = current.server.kind;
  const rows = await part(current.bench);
  if (next !== 'key') await close(current);
  return rows;
}

let kind: S3Server['kind'] = 'rgw';

interface Running {
  server: S3Server;
  bench: Bench;
}

let current: Running | undefined;

async function open(folder: string): Promise<Running> {
  const server = await startOwnS3Server({ memoryBytes: 14 * 1024 ** 3 });
  const { endpoint, accessKey, secretKey } = server;
  const store = openMinioStore({
    ...addressOf(endpoint),
    accessKey,
    secretKey,
    region: 'us-east-1',
  });
  const env = {
    ...process.env,
    MINIO_ENDPOINT: endpoint,
    MINIO_ACCESS_KEY: accessKey,
    MINIO_SECRET_KEY: secretKey,
    MINIO_REGION: 'us-east-1',
  };
  // Old releases of rclone fail with it.
  delete (env as NodeJS.ProcessEnv).AWS_CA_BUNDLE;
  mkdirSync(folder, { recursive: true });
  return { server, bench: { store, env, folder } };
}

async function close({ server, bench }: Running): Promise<void> {
  bench.store.close();
  await server.stop();
  for (const name of readdirSync(bench.folder))
    rmSync(join(bench.folder, name), { recursive: true });
}

function render(rows: readonly Row[], group: string): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const store = kind === 'rgw' ? 'Ceph RGW, objects in memory,' : 'MinIO';
  const servers: Record<string, string> = {
    billing: '; Redis on the same machine',
    workers: '; the store on the same machine',
    'workers-back': '; the store on the same machine',
    fleet: '; the store and Redis on the same machine',
    redis: `; Redis, ${store} on the same machine`,
    jobs: `; Redis, ${store} on the same machine`,
    schedule: '',
    diff: '',
    shards: '',
    serve: `; Redis, ${store} on the same machine`,
  };
  const server = servers[group] ?? `; ${store} on the same machine`;
  return [
    '| what | measured | aim |',
    '| --- | --- | --- |',
    ...rows.map(({ what, value, bound }) => `| ${what} | ${value} | ${bound} |`),
    '',
    `Medians, on ${cpus().length} cores (${model}) and ${memory} GiB, Node.js ${process.version}${server}.`,
  ].join('\n');
}

function intoPage(group: string, table: string): void {
  const text = readFileSync(PAGE, 'utf8');
  const marked = new RegExp(`(<!-- bench: ${group} -->\\n)[\\s\\S]*(\\n<!-- /bench: ${group} -->)`);
  writeFileSync(
    PAGE,
    text.replace(marked, (_, begin: string, end: string) => `${begin}\n${table}\n${end}`),
  );
}

await main();
