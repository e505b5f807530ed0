import { createHash, randomBytes } from 'node:crypto';
import type { ObjectAttributes, ObjectStore } from '../../src/object-store/port.js';
import { contentOf, inParallel } from '../helpers/test-store.js';

/** A store as MangaMotion leaves it, small enough to watch. */

interface DemoObject {
  bucket: string;
  key: string;
  bytes: Buffer;
  contentType: string;
  metadata: Record<string, string>;
}

const JOBS = Array.from({ length: 24 }, (_, index) => 1001 + index);
const PAGES = 12;

/** Bytes as a camera or an encoder makes them: they begin like the format, and do not compress. */
function media(magic: string, bytes: number): Buffer {
  return Buffer.concat([Buffer.from(magic, 'latin1'), randomBytes(bytes)]);
}

function objectsOf(job: number): DemoObject[] {
  const metadata = { job: String(job), title: job % 3 === 0 ? '鋼の旅人' : 'Steel Traveller' };
  const pages = Array.from({ length: PAGES }, (_, index) => {
    const key = `${job}/page-${String(index + 1).padStart(3, '0')}.jpg`;
    const bytes = media('\xff\xd8\xff\xe0', 180_000 + 10_000 * ((job + index) % 9));
    return { bucket: 'originals', key, bytes, contentType: 'image/jpeg', metadata };
  });
  const thumbnails = Array.from({ length: PAGES }, (_, index) => {
    const key = `${job}/thumbs/${String(index + 1).padStart(3, '0')}.webp`;
    const bytes = media('RIFF', 9_000 + index);
    return { bucket: 'processed', key, bytes, contentType: 'image/webp', metadata: {} };
  });
  const panels = { job, pages: Array.from({ length: PAGES }, (_, page) => ({ page, panels: 5 })) };
  return [
    ...pages,
    ...thumbnails,
    {
      bucket: 'processed',
      key: `${job}/panels.json`,
      bytes: Buffer.from(JSON.stringify(panels, null, 2)),
      contentType: 'application/json',
      metadata,
    },
    {
      bucket: 'processed',
      key: `${job}/video.mp4`,
      bytes: media('\0\0\0\x18ftypmp42', 3_000_000 + 400_000 * (job % 7)),
      contentType: 'video/mp4',
      metadata,
    },
  ];
}

export async function fillStore(store: ObjectStore): Promise<{ objects: number; bytes: number }> {
  for (const bucket of ['originals', 'processed']) await store.createBucket(bucket);
  const objects = JOBS.flatMap(objectsOf);
  await inParallel(16, objects, ({ bucket, key, bytes, contentType, metadata }) => {
    const attributes = { headers: { 'content-type': contentType }, metadata };
    return store.putObject(bucket, key, contentOf(bytes), { attributes });
  });
  return {
    objects: objects.length,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}

/** What the bad day does: a few jobs lose everything, others have their pages overwritten. */
export async function damage(
  store: ObjectStore,
): Promise<{ deleted: number; overwritten: number }> {
  let deleted = 0;
  let overwritten = 0;
  for (const bucket of ['originals', 'processed']) {
    for await (const page of store.listObjects(bucket)) {
      await inParallel(16, page, async ({ key }) => {
        const job = Number.parseInt(key, 10);
        if (job % 5 === 0) {
          await store.deleteObject(bucket, key);
          deleted += 1;
        } else if (job % 7 === 0 && key.endsWith('.jpg')) {
          await store.putObject(bucket, key, contentOf('rubbish'));
          overwritten += 1;
        }
      });
    }
  }
  return { deleted, overwritten };
}

/** A digest of each object's bytes, headers and metadata, by bucket and key. */
export async function snapshot(store: ObjectStore): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const { name: bucket } of await store.listBuckets()) {
    for await (const page of store.listObjects(bucket)) {
      await inParallel(16, page, async ({ key }) => {
        const { head, body } = await store.getObject(bucket, key);
        const kept: Pick<ObjectAttributes, 'headers' | 'metadata'> = {
          headers: head.headers,
          metadata: head.metadata,
        };
        const hash = createHash('sha256').update(JSON.stringify(kept));
        for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
        digests.set(`${bucket}/${key}`, hash.digest('hex'));
      });
    }
  }
  return digests;
}

/** The names of the objects that are missing, different or new. */
export function compareStores(before: Map<string, string>, after: Map<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}
