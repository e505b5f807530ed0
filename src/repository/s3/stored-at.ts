import { LARGEST_SIGNATURE_BYTES, LARGEST_SUMMARY_BYTES } from '../../archive/limits.js';
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
import { checkSignature } from '../../signature/signature-file.js';
import type { PublicKey } from '../../signature/keys.js';
import { BACKUP_ID_START, SIGNATURE_SUFFIX, SUMMARY_SUFFIX } from '../names.js';
import { decodeSummary } from '../summary-codec.js';
import type { S3Location } from './s3-location.js';
import {
  type SeenVersions,
  type ShownVersion,
  addVersion,
  isWrittenOnce,
  versionToShow,
} from './version-choice.js';

/** A time in the past of a destination, and what is believed of it. */
export interface Past {
  at: Date;
  /** Take backups although their summaries have later times. */
  trustFirstVersions: boolean;
  /** If there are any, such a backup must be signed by one of them. */
  signers: readonly PublicKey[];
  /** Is told once that such backups are taken. */
  warn?: ((message: string) => void) | undefined;
}

/**
 * A store that shows a destination as it was at a time, by the server's clock: of each key the version
 * that was current then, whatever overwrites and delete markers are over it now. It reads, and every
 * write is refused. Memory holds the versions of that time, one for each file of a backup.
 *
 * Of a file of a backup of which every version has a later time, the first is shown: its lock may have
 * been extended. What is read of an archive or a sidecar is compared with the digests in a summary, so
 * this is safe for them. A summary proves itself only by its time. Without `trustFirstVersions`, reading
 * such a summary rejects with `LaterSummary`.
 *
 * Rejects with `refused` if the bucket keeps no versions.
 */
export async function openStoredAt(
  store: ObjectStore,
  place: S3Location & { signal: AbortSignal },
  past: Past,
): Promise<ObjectStore> {
  await refuseUnversioned(store, place);
  const shown = new StoredAt(store, place, past);
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

/** A summary that may have been written after the time at which the destination is read. */
export class LaterSummary extends MangamotionError {
  readonly reason: string;

  constructor(name: string, reason: string) {
    super('refused', `${name}: ${reason}`, {
      hint: 'Some servers, such as Ceph, give a file a new time when its lock is extended. "mangamotion help security" tells what --trust-first-versions risks.',
    });
    this.reason = reason;
  }
}

/** The versions that were current at a time. */
class StoredAt {
  readonly #store: ObjectStore;
  readonly #place: S3Location & { signal: AbortSignal };
  readonly #past: Past;
  /** By the prefix of the keys. */
  readonly #known = new Map<string, Promise<Map<string, ShownVersion>>>();
  /** Of the summaries whose times prove nothing, by their keys. */
  readonly #verdicts = new Map<string, Promise<Verdict>>();
  #hasWarned = false;

  constructor(store: ObjectStore, place: S3Location & { signal: AbortSignal }, past: Past) {
    this.#store = store;
    this.#place = place;
    this.#past = past;
  }

  /** Rejects with `not_found` if there was no such object, and with `LaterSummary`. */
  async versionOf(key: string): Promise<ObjectVersion> {
    const shown = await this.#shown(key);
    if (shown === undefined) throw this.#notThere(key);
    if (shown.isProven || !key.endsWith(SUMMARY_SUFFIX)) return shown.version;
    const verdict = await this.#verdictOn(shown.version);
    if (verdict.kind === 'taken') return shown.version;
    if (verdict.kind === 'finished later') throw this.#notThere(key);
    throw new LaterSummary(key.slice(this.#place.prefix.length), verdict.reason);
  }

  #notThere(key: string): MangamotionError {
    const url = `s3://${this.#place.bucket}/${key}`;
    const at = this.#past.at.toISOString();
    return new MangamotionError('not_found', `${url} was not there at ${at}`);
  }

  async #shown(key: string): Promise<ShownVersion | undefined> {
    const all = this.#known.get(this.#scopeOf(this.#place.prefix));
    const isInAll = key.startsWith(this.#scopeOf(this.#place.prefix));
    const known = isInAll && all !== undefined ? await all : await this.#versions(key);
    return known.get(key);
  }

  #verdictOn(version: ObjectVersion): Promise<Verdict> {
    const known = this.#verdicts.get(version.key) ?? this.#judge(version);
    this.#verdicts.set(version.key, known);
    // The caller handles the failure, and a later call tries again.
    known.catch(() => this.#verdicts.delete(version.key));
    return known;
  }

  async #judge(version: ObjectVersion): Promise<Verdict> {
    const { at, trustFirstVersions, signers } = this.#past;
    const content = await this.#contentOf(version, LARGEST_SUMMARY_BYTES);
    const decoded = content === undefined ? undefined : decodeSummary(content);
    if (decoded?.kind === 'valid') {
      const { created_at, finished_at } = decoded.summary;
      const isLater = [created_at, finished_at].some((one) => Date.parse(one) > at.getTime());
      if (isLater && trustFirstVersions) {
        // Only this tells it, if the clock of the host was ahead.
        const reason = `it says that it was complete at ${finished_at}, after --as-stored-at`;
        return { kind: 'left out', reason };
      }
      if (isLater) return { kind: 'finished later' };
    }
    const later = `its summary has the time ${version.lastModified}, after --as-stored-at: its lock was extended since, or somebody has written it since`;
    const fault = await this.#signatureFault(version.key, content ?? Buffer.alloc(0));
    if (fault !== undefined) {
      return { kind: 'left out', reason: `${later}, and it is not signed: ${fault}` };
    }
    if (!trustFirstVersions) {
      const isSigned = signers.length > 0 ? ', and it is signed' : '';
      return { kind: 'left out', reason: `${later}${isSigned} (see --trust-first-versions)` };
    }
    this.#warnOnce();
    return { kind: 'taken' };
  }

  /** Resolves to why a summary is not signed by one of the signers; `undefined` if it is, or without signers. */
  async #signatureFault(key: string, content: Buffer): Promise<string | undefined> {
    if (this.#past.signers.length === 0) return undefined;
    const stem = key.slice(0, -SUMMARY_SUFFIX.length);
    const shown = await this.#shown(stem + SIGNATURE_SUFFIX);
    const fileName = key.slice(this.#place.prefix.length);
    if (shown === undefined) return `${fileName} has no signature`;
    const file = await this.#contentOf(shown.version, LARGEST_SIGNATURE_BYTES);
    if (file === undefined) return 'its signature is too large';
    const checked = checkSignature(file, { content, fileName }, this.#past.signers);
    return 'fault' in checked ? checked.message : undefined;
  }

  async #contentOf(
    { key, versionId }: ObjectVersion,
    maxBytes: number,
  ): Promise<Buffer | undefined> {
    const { bucket, signal } = this.#place;
    const options = { versionId, maxBytes, signal };
    return (await this.#store.readObject(bucket, key, options)).content;
  }

  #warnOnce(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { at, signers, warn } = this.#past;
    const proof =
      signers.length > 0
        ? 'they are signed, by whoever has the key'
        : 'only a signature (--signer) tells them from forged ones';
    warn?.(`backups are taken whose files have later times than ${at.toISOString()}: ${proof}`);
  }

  async page({ prefix = '', startAfter, maxKeys = 1000, token }: ListPageOptions) {
    const all = await this.#versions(this.#scopeOf(prefix));
    const behind = token ?? startAfter;
    const keys = [...all.keys()]
      .filter((key) => behind === undefined || compareKeys(key, behind) > 0)
      .sort(compareKeys);
    const shown = keys.slice(0, maxKeys);
    return {
      objects: shown.flatMap((key) => listed(all.get(key)?.version)),
      nextToken: keys.length > shown.length ? (shown.at(-1) ?? null) : null,
    };
  }

  /** Below the prefix of the destination only files of backups are read; claims have many versions. */
  #scopeOf(prefix: string): string {
    return prefix === this.#place.prefix ? prefix + BACKUP_ID_START : prefix;
  }

  #versions(scope: string): Promise<Map<string, ShownVersion>> {
    const known = this.#known.get(scope) ?? this.#read(scope);
    this.#known.set(scope, known);
    // The caller handles the failure, and a later call tries again.
    known.catch(() => this.#known.delete(scope));
    return known;
  }

  async #read(scope: string): Promise<Map<string, ShownVersion>> {
    const { bucket, prefix, signal } = this.#place;
    const atMs = this.#past.at.getTime();
    const seen = new Map<string, SeenVersions>();
    const pages = eachVersionPage((options) => this.#store.listVersionPage(bucket, options), {
      ...{ endpoint: this.#store.endpoint, bucket, prefix: scope, signal },
    });
    for await (const page of pages) {
      for (const version of page) {
        const ms = Date.parse(version.lastModified);
        if (Number.isNaN(ms)) throw withoutTime(this.#place.url, version);
        seen.set(version.key, addVersion(seen.get(version.key), version, { ms, atMs }));
      }
    }
    const shown = new Map<string, ShownVersion>();
    for (const [key, versions] of seen) {
      const name = key.slice(prefix.length);
      const one = versionToShow(versions, isWrittenOnce(name, atMs));
      if (one !== undefined) shown.set(key, one);
    }
    return shown;
  }
}

/** Whether a summary is taken whose time is later than that of the past. */
type Verdict =
  | { kind: 'taken' }
  | { kind: 'finished later' }
  | { kind: 'left out'; reason: string };

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
