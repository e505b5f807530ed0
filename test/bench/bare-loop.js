import { Agent } from 'node:http';
import { Client } from 'minio';

/**
 * The floor: lists a bucket and reads every object with the minio package, 32 at a time, and throws
 * the bytes away. A program of its own, so that it is timed as whole commands are.
 */

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

const keys = [];
for await (const { name } of client.listObjectsV2(bucket, '', true)) keys.push(name);
let next = 0;
const worker = async () => {
  for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
    const body = await client.getObject(bucket, key);
    await new Promise((resolve, reject) => {
      body.on('data', () => undefined);
      body.on('end', resolve);
      body.on('error', reject);
    });
  }
};
await Promise.all(Array.from({ length: 32 }, worker));
process.exit(0);
