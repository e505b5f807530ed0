import type { Config } from '../../config/config.js';
import { hasStoreCredentials } from '../../config/config.js';
import { inParallel } from '../../in-parallel.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { MultipartUpload, ObjectStore } from '../../object-store/port.js';
import type { GatherersOf } from '../facts.js';
import { NotLooked } from '../finding.js';
import type { SettingsFacts } from '../settings/facts.js';
import { type BucketState, readBucketState } from './bucket-state.js';
import { type ReadRights, readSample } from './sample.js';

export interface StoreFacts extends SettingsFacts {
  storeContact: StoreContact;
  store: ObjectStore;
  /** By how many ms its clock is ahead; `undefined` where it tells no time. */
  storeAheadMs: number | undefined;
  /** The buckets that are looked at: all, or the first of very many. */
  looked: readonly string[];
  bucketStates: readonly BucketState[];
  readRights: readonly ReadRights[];
  oldUploads: OldUploads;
  /** Those of the configured job buckets that there are not. */
  missingJobBuckets: readonly string[];
}

/** How the first contact went. */
export type StoreContact =
  | { kind: 'unused' }
  | { kind: 'open'; store: ObjectStore; buckets: readonly string[]; listing: ListingRight }
  | { kind: 'failed'; store: ObjectStore; error: MangamotionError };

/** Whether the buckets may be listed; if not, the answer to it. */
type ListingRight = { isPermitted: true } | { isPermitted: false; error: MangamotionError };

interface OldUploads {
  uploads: readonly (MultipartUpload & { bucket: string })[];
  looked: number;
}

export interface StoreParts {
  now: () => Date;
  openStore: (config: Config) => Promise<ObjectStore>;
  /** Called with what ends the connections. */
  onOpen: (close: () => void) => void;
}

/** Less than the limit of a check, so that one check tells that the server is silent. */
const CONTACT_MS = 3_000;
/** Each bucket costs some dozen requests. */
const MOST_BUCKETS = 20;
const BUCKETS_AT_ONCE = 8;
/** An upload that goes on for days would be a very slow one. */
const OLD_UPLOAD_MS = 3 * 86_400_000;

type Own = Exclude<keyof StoreFacts, keyof SettingsFacts>;

export function storeGatherers(parts: StoreParts): GatherersOf<StoreFacts, Own> {
  return {
    storeContact: async (read, signal) => {
      const config = await read('config');
      if (!hasStoreCredentials(config)) return { kind: 'unused' };
      const store = await parts.openStore(config);
      parts.onOpen(() => store.close());
      return await contactOf(store, jobBucketsOf(config), signal);
    },
    store: async (read) => {
      const contact = await read('storeContact');
      if (contact.kind === 'open') return contact.store;
      throw new NotLooked(
        contact.kind === 'unused' ? 'no object store is configured' : 'the store cannot be used',
      );
    },
    storeAheadMs: async (read) => {
      const contact = await read('storeContact');
      if (contact.kind === 'unused') throw new NotLooked('no object store is configured');
      return contact.store.clockAheadMs?.();
    },
    looked: async (read) => {
      const contact = await read('storeContact');
      await read('store');
      return contact.kind === 'open' ? contact.buckets.slice(0, MOST_BUCKETS) : [];
    },
    bucketStates: async (read, signal) => {
      const [store, buckets] = await Promise.all([read('store'), read('looked')]);
      return await inParallel(BUCKETS_AT_ONCE, buckets, (bucket) =>
        readBucketState(store, bucket, signal),
      );
    },
    readRights: async (read, signal) => {
      const [store, buckets, states] = await Promise.all([
        ...([read('store'), read('looked'), read('bucketStates')] as const),
      ]);
      const isLocked = new Set(states.flatMap(({ bucket, hasLock }) => (hasLock ? [bucket] : [])));
      return await inParallel(BUCKETS_AT_ONCE, buckets, (bucket) =>
        readSample(store, bucket, { hasLock: isLocked.has(bucket), signal }),
      );
    },
    oldUploads: async (read, signal) => {
      const [store, buckets] = await Promise.all([read('store'), read('looked')]);
      const before = parts.now().getTime() - OLD_UPLOAD_MS;
      const lists = await inParallel(BUCKETS_AT_ONCE, buckets, async (bucket) => {
        const all = await store.listMultipartUploads(bucket, '', { signal });
        return all
          .filter(({ initiatedAt }) => Date.parse(initiatedAt) < before)
          .map((upload) => ({ ...upload, bucket }));
      });
      return { uploads: lists.flat(), looked: buckets.length };
    },
    missingJobBuckets: async (read, signal) => {
      const [store, config] = await Promise.all([read('store'), read('config')]);
      const exist = await Promise.all(
        jobBucketsOf(config).map(async (bucket) => {
          return { bucket, isThere: await store.bucketExists(bucket, { signal }) };
        }),
      );
      return exist.flatMap(({ bucket, isThere }) => (isThere ? [] : [bucket]));
    },
  };
}

function jobBucketsOf({ jobs }: Config): readonly string[] {
  return [...new Set(jobs.resultBuckets)];
}

async function contactOf(
  store: ObjectStore,
  jobBuckets: readonly string[],
  signal: AbortSignal,
): Promise<StoreContact> {
  const limit = AbortSignal.timeout(CONTACT_MS);
  const options = { signal: AbortSignal.any([signal, limit]) };
  try {
    const buckets = await store.listBuckets(options);
    const names = buckets.map(({ name }) => name);
    return { kind: 'open', store, buckets: names, listing: { isPermitted: true } };
  } catch (error) {
    if (limit.aborted && !signal.aborted) return { kind: 'failed', store, error: silent(store) };
    if (!isMangamotionError(error)) throw error;
    // Whoever may not list the buckets may still use those that are known by name.
    if (error.request?.code !== 'AccessDenied') return { kind: 'failed', store, error };
    const listing = { isPermitted: false, error } as const;
    return { kind: 'open', store, buckets: jobBuckets, listing };
  }
}

function silent({ endpoint }: ObjectStore): MangamotionError {
  return new MangamotionError(
    'unreachable',
    `${endpoint} is silent: no answer within ${CONTACT_MS / 1000} s`,
    { hint: 'see whether that server hangs, or something on the way swallows the packets' },
  );
}
