import { createCipheriv, createHash } from 'node:crypto';
import type {
  ListedObject,
  ObjectAttributes,
  ObjectLock,
  ObjectStore,
} from '../../src/object-store/port.js';
import { contentOf, inParallel } from './test-store.js';

export interface SeedObject {
  key: string;
  content: Buffer;
  attributes?: Partial<ObjectAttributes & ObjectLock>;
}

export async function seed(
  store: ObjectStore,
  bucket: string,
  objects: Iterable<SeedObject>,
): Promise<void> {
  await inParallel(16, objects, ({ key, content, attributes }) =>
    store.putObject(bucket, key, contentOf(content), { attributes }),
  );
}

/** Bytes that do not compress: always the same for the same name. */
export function noise(sizeBytes: number, name: string): Buffer {
  const digest = createHash('sha256').update(name).digest();
  const cipher = createCipheriv('aes-128-ctr', digest.subarray(0, 16), digest.subarray(16));
  return cipher.update(Buffer.alloc(sizeBytes));
}

/** Numbers from 0 up to 1: always the same for the same seed. */
export function randomFrom(name: string): () => number {
  let counter = 0;
  return () => {
    const digest = createHash('sha256').update(`${name} ${counter++}`).digest();
    return digest.readUInt32BE() / 2 ** 32;
  };
}

/** What a backup promises to bring back of an object. */
export interface Kept {
  sha256: string;
  headers: ObjectAttributes['headers'];
  metadata: ObjectAttributes['metadata'];
  tags: ObjectAttributes['tags'];
}

/** All objects of a bucket, by key. */
export async function snapshot(store: ObjectStore, bucket: string): Promise<Map<string, Kept>> {
  const kept = new Map<string, Kept>();
  const objects = await listing(store, bucket);
  await inParallel(16, objects, async ({ key }) => {
    const { head, body } = await store.getObject(bucket, key);
    const hash = createHash('sha256');
    for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
    const tags = await store.getObjectTags(bucket, key);
    const { headers, metadata } = head;
    kept.set(key, { sha256: hash.digest('hex'), headers, metadata, tags: sortTags(tags) });
  });
  return new Map([...kept].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sortTags(tags: ObjectAttributes['tags']): ObjectAttributes['tags'] {
  return [...tags].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** ETags and times too: equal listings mean that nothing was written in between. */
export async function listing(store: ObjectStore, bucket: string): Promise<ListedObject[]> {
  const objects: ListedObject[] = [];
  for await (const page of store.listObjects(bucket)) objects.push(...page);
  return objects;
}
