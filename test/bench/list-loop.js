import { Agent } from 'node:http';
import { Client } from 'minio';

/** The floor of an incremental backup: lists a bucket with the minio package, and does nothing else. */

const [bucket = ''] = process.argv.slice(2);
const { hostname, port } = new URL(process.env.MINIO_ENDPOINT ?? '');
const client = new Client({
  endPoint: hostname,
  port: Number(port),
  useSSL: false,
  region: 'us-east-1',
  accessKey: process.env.MINIO_ACCESS_KEY ?? '',
  secretKey: process.env.MINIO_SECRET_KEY ?? '',
  transportAgent: new Agent({ keepAlive: true }),
});

for await (const object of client.listObjectsV2(bucket, '', true)) void object;
process.exit(0);
