import { createHash } from 'node:crypto';
import { MangamotionError } from '../../src/errors.js';
import { compareKeys } from '../../src/key-order.js';
import type { ListedObject, ObjectHead, ObjectStore, Tag } from '../../src/object-store/port.js';

/** A store in memory with what backups and comparisons need of one, for tests without a server. */

export interface ListedContent {
  content: string;
  /** In place of the MD5. */
  etag?: string;
  lastModified?: string;
  metadata?: Record<string, string>;
  tags?: Tag[];
}

export interface ListedStore extends ObjectStore {
  /** The objects of each bucket. */
  buckets: Map<string, Map<string, ListedContent>>;
  /** `bucket/key` of objects that cannot be read, and names of buckets that cannot be listed. */
  broken: Set<string>;
  policies: Map<string, string>;
}

const TIME = '2024-01-15T02:00:00.000Z';

export function listedStore(content: Record<string, Record<string, ListedContent>>): ListedStore {
  const buckets = new Map(
    Object.entries(content).map(([name, objects]) => [name, new Map(Object.entries(objects))]),
  );
  const broken = new Set<string>();
  const policies = new Map<string, string>();
  const listed = (bucket: string): ListedObject[] =>
    [...(buckets.get(bucket) ?? [])]
      .map(([key, object]) => ({ key, ...factsOf(object) }))
      .sort((a, b) => compareKeys(a.key, b.key));
  const pageOf = (bucket: string, { prefix = '', startAfter = '' } = {}): ListedObject[] => {
    if (!buckets.has(bucket)) throw refused('not_found', 'NoSuchBucket', 404);
    return listed(bucket).filter(
      ({ key }) =>
        key.startsWith(prefix) && (startAfter === '' || compareKeys(key, startAfter) > 0),
    );
  };
  const objectOf = (bucket: string, key: string): ListedContent => {
    if (broken.has(`${bucket}/${key}`)) throw refused('access_denied', 'AccessDenied', 403);
    const object = buckets.get(bucket)?.get(key);
    if (object === undefined) throw refused('not_found', 'NoSuchKey', 404);
    return object;
  };
  const store: Partial<ListedStore> = {
    ...{ buckets, broken, policies, endpoint: 'http://listed' },
    listBuckets: () =>
      Promise.resolve([...buckets.keys()].sort().map((name) => ({ name, createdAt: null }))),
    bucketExists: (name) => Promise.resolve(buckets.has(name)),
    bucketRegion: () => Promise.resolve(null),
    readBucketDocument: (bucket, kind) => {
      const policy = kind === 'policy' ? policies.get(bucket) : undefined;
      if (policy === undefined) return Promise.resolve({ state: 'none' });
      return Promise.resolve({ state: 'captured', content: Buffer.from(policy) });
    },
    listPage: (bucket, options = {}) =>
      attempt(() => ({ objects: pageOf(bucket, options), nextToken: null })),
    async *listObjects(bucket, options = {}) {
      const objects = pageOf(bucket, options);
      yield await Promise.resolve(objects.slice(0, 2));
      if (broken.has(bucket)) throw refused('access_denied', 'AccessDenied', 403);
      for (let at = 2; at < objects.length; at += 2) yield objects.slice(at, at + 2);
    },
    headObject: (bucket, key) => attempt(() => headOf(objectOf(bucket, key))),
    readObject: (bucket, key) =>
      attempt(() => {
        const object = objectOf(bucket, key);
        return { head: headOf(object), content: Buffer.from(object.content) };
      }),
    getObjectTags: (bucket, key) => attempt(() => objectOf(bucket, key).tags ?? []),
    close: () => undefined,
  };
  return store as ListedStore;
}

function attempt<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

function factsOf({ content, etag, lastModified = TIME }: ListedContent) {
  return {
    sizeBytes: Buffer.byteLength(content),
    etag: etag ?? createHash('md5').update(content).digest('hex'),
    lastModified,
  };
}

function headOf(object: ListedContent): ObjectHead {
  return {
    ...factsOf(object),
    ...{ versionId: null, headers: {}, metadata: object.metadata ?? {}, missingMetadata: 0 },
    ...{ tagCount: object.tags?.length ?? 0, etagIsMd5: object.etag === undefined },
    ...{ encryption: null, storageClass: null, checksums: {}, retention: null, legalHold: false },
  };
}

function refused(
  code: 'access_denied' | 'not_found',
  s3Code: string,
  status: number,
): MangamotionError {
  return new MangamotionError(code, `the store answered ${s3Code}`, {
    cause: Object.assign(new Error(s3Code), { code: s3Code }),
    request: { operation: 'Request', status, code: s3Code },
  });
}
