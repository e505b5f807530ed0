import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { locateBackup } from '../../src/repository/locate.js';
import { openCommitted } from '../../src/repository/open-backup.js';
import type { Summary } from '../../src/repository/summary.js';
import { restore } from '../helpers/backups.js';
import { countingDestination } from '../helpers/counting-destination.js';
import { removeBucket } from '../helpers/test-store.js';
import type { Bench } from './main.js';
import { type Timed, mangamotion, median, timed } from './processes.js';

/** A line of the table. */
export interface Row {
  what: string;
  value: string;
  /** What the project aims at; empty where it aims at nothing. */
  bound: string;
}

const RUNS = 5;
const OFFSITE_RUNS = 3;
const SYNTHETIC_OBJECTS = 1_000_000;
const listLoop = fileURLToPath(new URL('list-loop.js', import.meta.url));
const synthetic = fileURLToPath(new URL('synthetic.js', import.meta.url));
const bareLoop = fileURLToPath(new URL('bare-loop.js', import.meta.url));

export async function measureMixed(bench: Bench, bucket: string): Promise<Row[]> {
  const backups: Timed[] = [];
  const copies: Timed[] = [];
  const archived: number[] = [];
  const bare: Timed[] = [];
  // One after the other in each round, so that a slow moment of the machine meets all of them.
  for (let run = 0; run < RUNS; run++) {
    bare.push(await timed(process.execPath, [bareLoop, bucket], bench.env));
    backups.push(await backUp(bench, bucket, run < RUNS - 1));
    const copy = await rclone(bench, `s3:${bucket}`, join(bench.folder, 'copy'));
    copies.push(copy);
    const packed = join(bench.folder, 'copy.tar.gz');
    const tar = await timed('tar', ['-C', bench.folder, '-czf', packed, 'copy'], bench.env);
    archived.push(copy.seconds + tar.seconds);
    rmSync(packed);
    if (run < RUNS - 1) rmSync(join(bench.folder, 'copy'), { recursive: true });
  }
  const restores: Timed[] = [];
  const unproven: Timed[] = [];
  const uploads: Timed[] = [];
  for (let run = 0; run < RUNS; run++) {
    restores.push(await restoreInto(bench, bucket, `restored-${run}`));
    unproven.push(await restoreInto(bench, bucket, `unproven-${run}`, '--no-proof'));
    uploads.push(await uploadInto(bench, `uploaded-${run}`));
  }
  rmSync(join(bench.folder, 'copy'), { recursive: true });
  const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
  const cpu = (of: readonly Timed[]) => median(of.map((one) => one.cpuSeconds));
  const backup = seconds(backups);
  return [
    ratio('`backup full` : `rclone copy --transfers 16`', backup / seconds(copies), '≤ 0.95'),
    ratio('the same, processor time', cpu(backups) / cpu(copies), '≤ 1.0'),
    ratio('`backup full` : `rclone copy`, then `tar -czf`', backup / median(archived), '≤ 0.35'),
    ratio('`backup full` : a bare loop of GETs', backup / seconds(bare), '≤ 1.7'),
    ratio(
      '`restore` : `rclone copy --transfers 16`',
      seconds(restores) / seconds(uploads),
      '≤ 1.0',
    ),
    ratio('`restore` : `restore --no-proof`', seconds(restores) / seconds(unproven), '≤ 1.05'),
    megabytes('peak memory of `backup full`, 8,060 objects, 1.1 GB', backups),
    megabytes('peak memory of `restore`, the same', restores),
    { what: '`backup full` of these', value: `${backup.toFixed(1)} s`, bound: '' },
  ];
}

/** Into a bucket at once, against a folder first and its archive copied into the bucket. */
export async function measureOffsite(bench: Bench, bucket: string): Promise<Row[]> {
  await bench.store.createBucket('offsite');
  const direct: Timed[] = [];
  const inTwoSteps: number[] = [];
  for (let run = 0; run < OFFSITE_RUNS; run++) {
    direct.push(await backUpOffsite(bench, bucket, `direct-${run}`));
    const backup = await backUp(bench, bucket, false);
    const backups = join(bench.folder, 'backups');
    const copy = await rclone(bench, backups, `s3:offsite/copied-${run}`);
    inTwoSteps.push(backup.seconds + copy.seconds);
    rmSync(backups, { recursive: true });
    await emptyBucket(bench.store, 'offsite');
  }
  const seconds = median(direct.map((one) => one.seconds));
  return [
    ratio(
      '`backup full` to `s3://` : `backup full` to a folder, then `rclone copy`',
      seconds / median(inTwoSteps),
      '≤ 0.9',
    ),
    { what: '`backup full` to `s3://`, 1.1 GB', value: `${seconds.toFixed(1)} s`, bound: '' },
    megabytes('peak memory of it', direct),
  ];
}

/** One large object: nothing of it may pile up before the upload. */
export async function measureOffsitePeak(bench: Bench, bucket: string): Promise<Row[]> {
  const backup = await backUpOffsite(bench, bucket, 'large');
  await emptyBucket(bench.store, 'offsite');
  return [megabytes('peak memory of `backup full` to `s3://`, one object of 1 GB', [backup])];
}

async function emptyBucket(store: Bench['store'], bucket: string): Promise<void> {
  await removeBucket(store, bucket);
  await store.createBucket(bucket);
}

function backUpOffsite(bench: Bench, bucket: string, prefix: string): Promise<Timed> {
  const { MINIO_ENDPOINT, MINIO_ACCESS_KEY, MINIO_SECRET_KEY } = bench.env;
  const env = {
    ...bench.env,
    BACKUP_S3_ENDPOINT: MINIO_ENDPOINT,
    BACKUP_S3_ACCESS_KEY: MINIO_ACCESS_KEY,
    BACKUP_S3_SECRET_KEY: MINIO_SECRET_KEY,
    BACKUP_S3_REGION: 'us-east-1',
  };
  const destination = `s3://offsite/${prefix}`;
  return mangamotion(env, 'backup', 'full', destination, '--bucket', bucket, '--quiet');
}

export async function measurePeaks(bench: Bench, bucket: string, what: string): Promise<Row[]> {
  const backup = await backUp(bench, bucket, false);
  const restore = await restoreInto(bench, bucket, `${bucket}-restored`);
  return [
    megabytes(`peak memory of \`backup full\`, ${what}`, [backup]),
    megabytes(`peak memory of \`restore\`, ${what}`, [restore]),
    { what: `\`backup full\`, ${what}`, value: `${backup.seconds.toFixed(1)} s`, bound: '' },
  ];
}

/** An incremental backup where nothing changed, against nothing but listing. */
export async function measureIncremental(bench: Bench, bucket: string): Promise<Row[]> {
  await backUp(bench, bucket, false);
  const listings: Timed[] = [];
  const backups: Timed[] = [];
  let archiveBytes = 0;
  for (let run = 0; run < RUNS; run++) {
    listings.push(await timed(process.execPath, [listLoop, bucket], bench.env));
    const args = ['backup', 'incremental', join(bench.folder, 'backups'), '--bucket', bucket];
    const backup = await mangamotion(bench.env, ...args, '--json', '--quiet');
    backups.push(backup);
    ({ archive_bytes: archiveBytes } = JSON.parse(backup.stdout) as Summary);
  }
  const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
  const what = '`backup incremental`, 100,000 objects, nothing changed';
  return [
    ratio(`${what} : listing them`, seconds(backups) / seconds(listings), '≤ 1.3'),
    { what: `archive of it`, value: `${(archiveBytes / 1000).toFixed(1)} kB`, bound: '< 100 kB' },
    megabytes(`peak memory of it`, backups, '< 200 MB'),
  ];
}

/** What the index alone costs, of a store that is nothing but a listing. */
export async function measureSynthetic({ env, folder }: Bench): Promise<Row[]> {
  const backups = join(folder, 'backups');
  mkdirSync(backups, { recursive: true });
  await timed(process.execPath, [synthetic, 'full', backups, String(SYNTHETIC_OBJECTS)], env);
  const args = [synthetic, 'incremental', backups, String(SYNTHETIC_OBJECTS)];
  const run = await timed(process.execPath, args, env);
  return [
    megabytes('peak memory of `backup incremental`, 1,000,000 index entries (synthetic listing)', [
      run,
    ]),
  ];
}

/** What restoring one object reads of the archive. */
export async function measureKey({ store, ...bench }: Bench, bucket: string): Promise<Row[]> {
  const located = await locateBackup(newestBackup(bench));
  const reads: number[] = [];
  const folder = join(bench.folder, 'backups');
  const destination = countingDestination(located.destination, folder, ({ length }) =>
    reads.push(length),
  );
  const selection = {
    buckets: [bucket],
    keys: ['jobs/117/page-1117.jpg'],
    renames: new Map([[bucket, 'one-object']]),
  };
  await restore(store, { ...located, destination }, { selection });
  await removeBucket(store, 'one-object');
  const { summary, directory, archives } = await openCommitted(located);
  await archives.close();
  const { chunks } = directory;
  const { length } = summary.archive.directory;
  const index = length + Math.max(...chunks.map((chunk) => chunk.length));
  const total = reads.reduce((sum, bytes) => sum + bytes, 0);
  return [
    {
      what: 'read of the archive by `restore --key` of one 300 kB object',
      value: `${(total / 1e6).toFixed(2)} MB, ${(index / 1e6).toFixed(2)} MB of it directory and chunk`,
      bound: '< 1.5 MB and those',
    },
  ];
}

export async function measureStart(): Promise<Row[]> {
  const helps: number[] = [];
  const nothings: number[] = [];
  for (let run = 0; run < 40; run++) {
    helps.push((await mangamotion(process.env, '--help')).seconds);
    nothings.push((await timed(process.execPath, ['-e', '0'])).seconds);
  }
  return [ratio('`mangamotion --help` : `node -e 0`', median(helps) / median(nothings), '≤ 1.6')];
}

async function backUp(bench: Bench, bucket: string, remove: boolean): Promise<Timed> {
  const destination = join(bench.folder, 'backups');
  mkdirSync(destination, { recursive: true });
  const args = ['backup', 'full', destination, '--bucket', bucket, '--quiet'];
  const result = await mangamotion(bench.env, ...args);
  if (remove) rmSync(destination, { recursive: true });
  return result;
}

function newestBackup({ folder }: Pick<Bench, 'folder'>): string {
  const names = readdirSync(join(folder, 'backups')).filter((name) => name.endsWith('.json'));
  return join(folder, 'backups', (names.sort().at(-1) ?? '').slice(0, -'.json'.length));
}

async function restoreInto(
  bench: Bench,
  bucket: string,
  target: string,
  ...options: readonly string[]
): Promise<Timed> {
  const args = [
    'restore',
    newestBackup(bench),
    '--as',
    `${bucket}=${target}`,
    '--quiet',
    ...options,
  ];
  const result = await mangamotion(bench.env, ...args);
  await removeBucket(bench.store, target);
  return result;
}

async function uploadInto(bench: Bench, target: string): Promise<Timed> {
  const result = await rclone(bench, join(bench.folder, 'copy'), `s3:${target}`);
  await removeBucket(bench.store, target);
  return result;
}

export function rclone(bench: Bench, from: string, to: string): Promise<Timed> {
  const env = {
    ...bench.env,
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_REGION: 'us-east-1',
    RCLONE_CONFIG_S3_ENDPOINT: bench.env.MINIO_ENDPOINT,
    RCLONE_CONFIG_S3_ACCESS_KEY_ID: bench.env.MINIO_ACCESS_KEY,
    RCLONE_CONFIG_S3_SECRET_ACCESS_KEY: bench.env.MINIO_SECRET_KEY,
  };
  const config = ['--config', join(bench.folder, 'rclone.conf'), '--quiet'];
  return timed('rclone', [...config, 'copy', '--transfers', '16', from, to], env);
}

export function ratio(what: string, value: number, bound: string): Row {
  return { what, value: `${value.toFixed(2)} ×`, bound };
}

export function megabytes(what: string, runs: readonly Timed[], bound = '< 250 MB'): Row {
  const peak = Math.max(...runs.map((run) => run.peakMib));
  return { what, value: `${Math.round(peak * 1.048576)} MB`, bound };
}
