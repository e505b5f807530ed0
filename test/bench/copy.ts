import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { removeBucket } from '../helpers/test-store.js';
import type { Bench } from './main.js';
import { type Row, megabytes, ratio, rclone } from './measurements.js';
import { type Timed, mangamotion, median } from './processes.js';

const RUNS = 5;

/** Copies of a backup of 1 GB: into a bucket, and from there into another one. */
export async function measureCopy(bench: Bench, bucket: string): Promise<Row[]> {
  const { env, store } = bench;
  const folder = join(bench.folder, 'near');
  mkdirSync(folder, { recursive: true });
  await mangamotion(env, 'backup', 'full', folder, '--bucket', bucket, '--quiet');
  await store.createBucket('far');
  await store.createBucket('near');
  const uploads: Timed[] = [];
  const peers: Timed[] = [];
  const copies: Timed[] = [];
  const peerCopies: Timed[] = [];
  for (let run = 0; run < RUNS; run++) {
    uploads.push(await copy(bench, folder, `s3://near/copied-${run}`));
    peers.push(await rclone(bench, folder, `s3:near/peer-${run}`));
    copies.push(await copy(bench, `s3://near/copied-${run}`, `s3://far/copied-${run}`));
    peerCopies.push(await rclone(bench, `s3:near/peer-${run}`, `s3:far/peer-${run}`));
    if (run < RUNS - 1) await empty(bench);
  }
  const counted = await countRequests(bench);
  for (const name of ['near', 'far']) await removeBucket(store, name);
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  const seconds = (of: readonly Timed[]) => median(of.map((one) => one.seconds));
  return [
    ratio(
      '`backup copy` of a backup of 1 GB, folder to `s3://` : `rclone copy` of its files',
      seconds(uploads) / seconds(peers),
      '≤ 1.2',
    ),
    megabytes('peak memory of it', uploads),
    {
      what: '`backup copy` of it between two buckets of one server: bytes of the archive through this host',
      value: `${counted.archiveBytes}, in ${counted.requests} requests`,
      bound: '0',
    },
    { what: 'the same', value: `${seconds(copies).toFixed(1)} s`, bound: '' },
    {
      what: '`rclone copy` of its files there',
      value: `${seconds(peerCopies).toFixed(1)} s`,
      bound: '',
    },
  ];
}

async function empty({ store }: Bench): Promise<void> {
  for (const name of ['near', 'far']) {
    await removeBucket(store, name);
    await store.createBucket(name);
  }
}

function copy(bench: Bench, from: string, to: string, endpoint?: string): Promise<Timed> {
  const { MINIO_ENDPOINT, MINIO_ACCESS_KEY, MINIO_SECRET_KEY } = bench.env;
  const env = {
    ...bench.env,
    BACKUP_S3_ENDPOINT: endpoint ?? MINIO_ENDPOINT,
    BACKUP_S3_ACCESS_KEY: MINIO_ACCESS_KEY,
    BACKUP_S3_SECRET_KEY: MINIO_SECRET_KEY,
    BACKUP_S3_REGION: 'us-east-1',
  };
  return mangamotion(env, 'backup', 'copy', from, to, '--all', '--quiet');
}

/** Counts what passes between this host and the server during a copy from bucket to bucket. */
async function countRequests(bench: Bench): Promise<{ archiveBytes: number; requests: number }> {
  const proxy = await startFaultyProxy(bench.env.MINIO_ENDPOINT ?? '');
  await copy(bench, `s3://near/copied-${RUNS - 1}`, 's3://far/counted', proxy.endpoint);
  const archiveBytes = proxy.requests
    .filter(({ method, path }) => method === 'GET' && path.endsWith('.tar.gz'))
    .reduce((sum, request) => sum + request.receivedBytes(), 0);
  const requests = proxy.requests.length;
  await proxy.close();
  return { archiveBytes, requests };
}
