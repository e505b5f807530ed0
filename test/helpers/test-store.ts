import { createHash, randomUUID } from 'node:crypto';
import { SOURCE_STORE_HINTS } from '../../src/config/hints.js';
import { openMinioStore, type MinioStoreOptions } from '../../src/object-store/s3/s3-store.js';
import type { ObjectContent, ObjectStore } from '../../src/object-store/port.js';

/** The server of this run (see global-setup.ts) as options of a store. */
export function testStoreOptions(): MinioStoreOptions {
  const endpoint = process.env.TEST_S3_ENDPOINT;
  if (endpoint === undefined) throw new Error('TEST_S3_ENDPOINT is not set: no server was started');
  return {
    ...addressOf(endpoint),
    accessKey: process.env.TEST_S3_ACCESS_KEY ?? 'minioadmin',
    secretKey: process.env.TEST_S3_SECRET_KEY ?? 'minioadmin',
    hints: SOURCE_STORE_HINTS,
  };
}

export function addressOf(url: string): Pick<MinioStoreOptions, 'endpoint' | 'port' | 'useTls'> {
  const { hostname, port, protocol } = new URL(url);
  const useTls = protocol === 'https:';
  return { endpoint: hostname, port: port === '' ? (useTls ? 443 : 80) : Number(port), useTls };
}

/** A store on the server of this run. Close it. */
export function testStore(options: Partial<MinioStoreOptions> = {}): ObjectStore {
  return openMinioStore({ ...testStoreOptions(), ...options });
}

/** A name that no other test has. */
export function freshBucketName(): string {
  return `test-${randomUUID()}`;
}

/** A new and empty bucket. Remove it with `removeBucket`. */
export async function freshBucket(store: ObjectStore): Promise<string> {
  const bucket = freshBucketName();
  await store.createBucket(bucket);
  return bucket;
}

/** Deletes the bucket with all that is in it. */
export async function removeBucket(store: ObjectStore, bucket: string): Promise<void> {
  // A MinIO lists `a/b` only when there is no `a` any more: until nothing is left.
  for (let found = true; found;) {
    found = false;
    for await (const page of store.listObjects(bucket)) {
      found ||= page.length > 0;
      const keys = page.map(({ key }) => key);
      const failed = page.length > 0 ? await store.deleteObjects(bucket, keys) : [];
      if (failed[0] !== undefined) throw new Error(`${failed[0].key}: ${failed[0].reason}`);
    }
  }
  await store.deleteBucket(bucket);
}

/** Bytes as the content of an object. */
export function contentOf(bytes: Uint8Array | string): ObjectContent {
  const buffer = Buffer.from(bytes);
  return {
    sizeBytes: buffer.length,
    sha256: createHash('sha256').update(buffer).digest('hex'),
    open: () => [buffer],
  };
}

export async function readObject(
  store: ObjectStore,
  bucket: string,
  key: string,
  options: Parameters<ObjectStore['getObject']>[2] = {},
): Promise<Buffer> {
  const { body } = await store.getObject(bucket, key, options);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Runs `work` on every item, so many at once. */
export async function inParallel<T>(
  concurrency: number,
  items: Iterable<T>,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Which server answers, by its own word: tests of what a server refuses are exact about it. */
export async function serverFlavour(): Promise<'minio' | 'rgw' | 'other'> {
  const { endpoint, port, useTls } = testStoreOptions();
  const answer = await fetch(`${useTls ? 'https' : 'http'}://${endpoint}:${port}/`);
  await answer.arrayBuffer();
  if (answer.headers.get('server') === 'MinIO') return 'minio';
  return (answer.headers.get('x-amz-request-id') ?? '').startsWith('tx0') ? 'rgw' : 'other';
}
