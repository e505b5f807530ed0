import { MangamotionError } from '../../errors.js';
import type {
  ListedObject,
  ListPageOptions,
  ObjectStore,
  ObjectVersion,
  VersionOptions,
} from '../../object-store/port.js';
import { eachObjectPage } from '../../object-store/s3/requests/list-requests.js';
import { eachVersionPage } from '../../object-store/s3/requests/version-requests.js';
import { compareKeys } from '../../key-order.js';
import { BACKUP_ID_START } from '../names.js';
import type { S3Location } from './s3-location.js';

/**
 * A store that shows a destination as it was at a time, by the server's clock: of each key the version
 * that was current then, whatever overwrites and delete markers are over it now. It reads, and every
 * write is refused. Memory holds the versions of that time, one for each file of a backup.
 *
 * Rejects with `refused` if the bucket keeps no versions.
 */
export async function openStoredAt(
  store: ObjectStore,
  place: S3Location & { signal: AbortSignal },
  at: Date,
): Promise<ObjectStore> {
  await refuseUnversioned(store, place);
  const shown = new StoredAt(store, place, at);
  const { bucket } = place;
  const versioned = async <O extends VersionOptions>(key: string, options: O): Promise<O> => ({
    ...options,
    versionId: (await shown.versionOf(key)).versionId,
  });
  const listPage: ObjectStore['listPage'] = async (_, options = {}) => await shown.page(options);
  return {
    endpoint: store.endpoint,
    clockAheadMs: () => store.clockAheadMs?.(),
    listBuckets: (options) => store.listBuckets(options),
    bucketExists: (name, options) => store.bucketExists(name, options),
    bucketRegion: (name, options) => store.bucketRegion(name, options),
    readBucketDocument: (name, kind, options) => store.readBucketDocument(name, kind, options),
    listPage,
    listObjects: (_, options) =>
      eachObjectPage({ endpoint: store.endpoint, listPage }, bucket, options),
    headObject: async (_, key, options = {}) =>
      await store.headObject(bucket, key, await versioned(key, options)),
    getObject: async (_, key, options = {}) =>
      await store.getObject(bucket, key, await versioned(key, options)),
    readObject: async (_, key, options) =>
      await store.readObject(bucket, key, await versioned(key, options)),
    listVersionPage: (name, options) => store.listVersionPage(name, options),
    listVersions: (name, prefix, options) => store.listVersions(name, prefix, options),
    getRetention: (name, key, options) => store.getRetention(name, key, options),
    getObjectTags: (name, key, options) => store.getObjectTags(name, key, options),
    getObjectLock: (name, key, options) => store.getObjectLock(name, key, options),
    getObjectAcl: (name, key, options) => store.getObjectAcl(name, key, options),
    // An upload that has not ended was not there.
    listMultipartUploads: () => Promise.resolve([]),
    listParts: () => Promise.resolve([]),
    copyObject: refuse,
    copyPart: refuse,
    createBucket: refuse,
    deleteBucket: refuse,
    writeBucketDocument: refuse,
    putObject: refuse,
    deleteObject: refuse,
    deleteObjects: refuse,
    deleteVersion: refuse,
    deleteVersionInBulk: refuse,
    putRetention: refuse,
    putObjectAcl: refuse,
    createMultipartUpload: refuse,
    uploadPart: refuse,
    completeMultipartUpload: refuse,
    abortMultipartUpload: refuse,
    close: () => store.close(),
  };
}

function refuse(): Promise<never> {
  return Promise.reject(
    new MangamotionError('refused', 'a destination as it was stored earlier is only read', {
      hint: 'Leave out --as-stored-at to write.',
    }),
  );
}

async function refuseUnversioned(
  store: ObjectStore,
  { url, bucket, signal }: S3Location & { signal: AbortSignal },
): Promise<void> {
  const document = await store
    .readBucketDocument(bucket, 'versioning', { signal })
    .catch((error: unknown) => {
      // The list of versions needs another right, and will tell.
      if (error instanceof MangamotionError && error.code === 'access_denied') return undefined;
      throw error;
    });
  if (document === undefined) return;
  const isVersioned =
    document.state === 'captured' &&
    /<Status>\s*(Enabled|Suspended)/.test(document.content.toString('utf8'));
  if (isVersioned) return;
  throw new MangamotionError(
    'refused',
    `--as-stored-at: the bucket of ${url} keeps no older versions`,
    { hint: 'Leave it out: only what is there now can be read.' },
  );
}

/** The versions that were current at a time. */
class StoredAt {
  readonly #store: ObjectStore;
  readonly #place: S3Location & { signal: AbortSignal };
  readonly #at: Date;
  /** By the prefix of the keys. */
  readonly #known = new Map<string, Promise<Map<string, ObjectVersion>>>();

  constructor(store: ObjectStore, place: S3Location & { signal: AbortSignal }, at: Date) {
    this.#store = store;
    this.#place = place;
    this.#at = at;
  }

  /** Rejects with `not_found` if there was no such object. */
  async versionOf(key: string): Promise<ObjectVersion> {
    const all = this.#known.get(this.#scopeOf(this.#place.prefix));
    const isInAll = key.startsWith(this.#scopeOf(this.#place.prefix));
    const known = isInAll && all !== undefined ? await all : await this.#versions(key);
    const version = known.get(key);
    if (version !== undefined) return version;
    const url = `s3://${this.#place.bucket}/${key}`;
    throw new MangamotionError('not_found', `${url} was not there at ${this.#at.toISOString()}`);
  }

  async page({ prefix = '', startAfter, maxKeys = 1000, token }: ListPageOptions) {
    const all = await this.#versions(this.#scopeOf(prefix));
    const behind = token ?? startAfter;
    const keys = [...all.keys()]
      .filter((key) => behind === undefined || compareKeys(key, behind) > 0)
      .sort(compareKeys);
    const shown = keys.slice(0, maxKeys);
    return {
      objects: shown.flatMap((key) => listed(all.get(key))),
      nextToken: keys.length > shown.length ? (shown.at(-1) ?? null) : null,
    };
  }

  /** Below the prefix of the destination only files of backups are read; claims have many versions. */
  #scopeOf(prefix: string): string {
    return prefix === this.#place.prefix ? prefix + BACKUP_ID_START : prefix;
  }

  #versions(scope: string): Promise<Map<string, ObjectVersion>> {
    const known = this.#known.get(scope) ?? this.#read(scope);
    this.#known.set(scope, known);
    // The caller handles the failure, and a later call tries again.
    known.catch(() => this.#known.delete(scope));
    return known;
  }

  async #read(scope: string): Promise<Map<string, ObjectVersion>> {
    const { bucket, signal } = this.#place;
    const atMs = this.#at.getTime();
    const newest = new Map<string, ObjectVersion & { ms: number }>();
    const pages = eachVersionPage((options) => this.#store.listVersionPage(bucket, options), {
      ...{ endpoint: this.#store.endpoint, bucket, prefix: scope, signal },
    });
    for await (const page of pages) {
      for (const version of page) {
        const ms = Date.parse(version.lastModified);
        if (Number.isNaN(ms)) throw withoutTime(this.#place.url, version);
        // Of two of the same time, the first in the list is the newer.
        if (ms <= atMs && !((newest.get(version.key)?.ms ?? -Infinity) >= ms)) {
          newest.set(version.key, { ...version, ms });
        }
      }
    }
    return new Map([...newest].filter(([, { isDeleteMarker }]) => !isDeleteMarker));
  }
}

function listed(version: ObjectVersion | undefined): ListedObject[] {
  if (version === undefined) return [];
  const { key, sizeBytes, etag, lastModified, storageClass } = version;
  const cold = storageClass === undefined ? {} : { storageClass };
  return [{ key, sizeBytes, etag, lastModified, ...cold }];
}

function withoutTime(url: string, { key }: ObjectVersion): MangamotionError {
  return new MangamotionError(
    'refused',
    `--as-stored-at: the server of ${url} does not tell when a version of ${key} was written`,
  );
}
