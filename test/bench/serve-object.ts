import { randomBytes } from 'node:crypto';
import { openMinioStore } from '../../src/object-store/s3/s3-store.js';
import { startFaultyProxy } from '../helpers/faulty-proxy.js';
import { startRedisServer } from '../helpers/redis-server.js';
import { startOwnS3Server } from '../helpers/s3-server.js';
import { addressOf, contentOf, inParallel } from '../helpers/test-store.js';
import type { Row } from './measurements.js';
import { mangamotion } from './processes.js';
import { startServe } from './serve-process.js';

const PAGE_BYTES = 300_000;
const PAGES = 200;

/** One page out of an archive in a bucket, by the requests that the bucket's server gets. */
export async function measureObject(): Promise<Row[]> {
  const s3 = await startOwnS3Server({ memoryBytes: 2 ** 30 });
  const redis = await startRedisServer();
  const { endpoint, accessKey, secretKey } = s3;
  const store = openMinioStore({
    ...{ ...addressOf(endpoint), accessKey, secretKey, region: 'us-east-1' },
  });
  const counted = await startFaultyProxy(endpoint);
  try {
    for (const bucket of ['pages', 'offsite']) await store.createBucket(bucket);
    const numbers = Array.from({ length: PAGES }, (_none, number) => number);
    await inParallel(16, numbers, (number) =>
      store.putObject('pages', `page-${number}.jpg`, contentOf(randomBytes(PAGE_BYTES))),
    );
    const env = {
      ...{ MINIO_ENDPOINT: endpoint, MINIO_ACCESS_KEY: accessKey, MINIO_SECRET_KEY: secretKey },
      MINIO_REGION: 'us-east-1',
      BACKUP_S3_ENDPOINT: counted.endpoint,
      ...{ BACKUP_S3_ACCESS_KEY: accessKey, BACKUP_S3_SECRET_KEY: secretKey },
      BACKUP_S3_REGION: 'us-east-1',
    };
    const words = ['backup', 'full', 's3://offsite/b', '--bucket', 'pages', '--json', '--quiet'];
    const { stdout } = await mangamotion({ ...process.env, ...env }, ...words);
    const { id } = JSON.parse(stdout) as { id: string };
    const server = await startServe(redis.url, ['--backup', 's3://offsite/b'], env);
    try {
      const url = `http://127.0.0.1:${server.port}/api/backups`;
      await (await fetch(url)).arrayBuffer();
      const before = counted.requests.length;
      const answer = await fetch(`${url}/${id}/objects/pages/page-7.jpg`);
      const { byteLength } = await answer.arrayBuffer();
      if (byteLength !== PAGE_BYTES) throw new Error(`${answer.status}, ${byteLength} bytes`);
      return [
        {
          what: 'requests to an `s3://` destination for one object of 300 kB in an archive',
          value: String(counted.requests.length - before),
          bound: '≤ 4',
        },
      ];
    } finally {
      await server.stop();
    }
  } finally {
    await counted.close();
    store.close();
    await redis.stop();
    await s3.stop();
  }
}
