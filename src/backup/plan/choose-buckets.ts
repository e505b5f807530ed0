import { isSafeSegment } from '../../archive/paths.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import { compareKeys } from '../../key-order.js';
import type { Bucket, ObjectStore } from '../../object-store/port.js';
import { isUnexpectedAnswer } from '../../object-store/retry/retry.js';
import { s3CodeOf } from '../../object-store/store-errors.js';
import { STORE_ERRORS } from '../../object-store/run-faults.js';
import type { WorkProgress } from '../../progress.js';
import type { Destination } from '../../repository/destination.js';
import type { Summary } from '../../repository/summary.js';

interface ChoiceContext {
  store: ObjectStore;
  destination: Pick<Destination, 'excludesBucket'>;
  progress: Pick<WorkProgress, 'warn'>;
  signal: AbortSignal;
}

/** Few attempts for a request that is not essential. */
const OPTIONAL_REQUEST = { attempts: 2 } as const;

export interface ChosenBuckets {
  /** The buckets to back up, sorted by name in byte order. */
  buckets: Bucket[];
  /** Selected buckets that cannot be backed up, and why. */
  unusable: { bucket: string; error: MangamotionError }[];
}

/**
 * Resolves to the buckets of a run. An unlisted bucket of the earlier backup gets a HEAD request,
 * because missing rights may hide it. Rejects with `not_found` if nothing is left to back up.
 */
export async function chooseBuckets(
  context: ChoiceContext,
  selection: BucketSelection,
  earlier?: Pick<Summary, 'buckets'>,
): Promise<ChosenBuckets> {
  const { store } = context;
  const all = await listOrName(context, selection);
  const shown = withoutOwn(context, selectBuckets(all, selection));
  const hidden = await findHidden(context, selection, all, earlier?.buckets ?? []);
  const selected = [...shown, ...hidden].sort((a, b) => compareKeys(a.name, b.name));
  const unusable = selected
    .filter(({ name }) => !isSafeSegment(name))
    .map(({ name }) => ({ bucket: name, error: unsafeName(name) }));
  const buckets = selected.filter(({ name }) => isSafeSegment(name));
  if (buckets.length > 0) return { buckets, unusable };
  throw new MangamotionError(
    'not_found',
    all.length === 0
      ? `the store at ${store.endpoint} shows no buckets: nothing to back up`
      : 'every bucket is excluded, or is the destination itself: nothing to back up',
    {
      hint: 'Check the endpoint and the credentials: a user sees only the buckets it has rights to.',
    },
  );
}

/** Resolves to all buckets; if they cannot be listed, to the named ones, each checked by HEAD. */
async function listOrName(
  { store, signal }: ChoiceContext,
  { only, excluded }: BucketSelection,
): Promise<Bucket[]> {
  if (only.length === 0) return await store.listBuckets({ signal });
  try {
    return await store.listBuckets({ ...OPTIONAL_REQUEST, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (!isMangamotionError(error, ...STORE_ERRORS)) throw error;
  }
  const found: Bucket[] = [];
  for (const name of new Set([...only, ...excluded])) {
    if (!(await mayExist(store.bucketExists(name, { signal })))) throw noSuchBucket(name);
    found.push({ name, createdAt: null });
  }
  return found;
}

function noSuchBucket(name: string): MangamotionError {
  return new MangamotionError('not_found', `no such bucket: ${name}`, {
    hint: 'Check the name: these credentials cannot list the buckets of the store.',
  });
}

/** Resolves to false only if the server says that the bucket is missing; a refused request proves nothing. */
async function mayExist(request: Promise<boolean>): Promise<boolean> {
  try {
    return await request;
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return true;
  }
}

/**
 * Whether a bucket exists. MinIO's HEAD finds a removed bucket for a while, but a listing does not.
 */
async function isThere(store: ObjectStore, name: string, signal: AbortSignal): Promise<boolean> {
  if (!(await store.bucketExists(name, { signal }))) return false;
  try {
    await store.listPage(name, { maxKeys: 1, signal });
    return true;
  } catch (error) {
    // A 404 from anything else, such as a proxy, proves nothing.
    if (s3CodeOf(error) === 'NoSuchBucket') return false;
    throw error;
  }
}

function isAnswer(error: unknown): boolean {
  return (
    isMangamotionError(error, 'access_denied', 'refused', 'not_found') || isUnexpectedAnswer(error)
  );
}

/** Resolves to buckets of the earlier backup that are not listed, but may exist. */
async function findHidden(
  { store, signal }: ChoiceContext,
  { only, excluded }: BucketSelection,
  all: readonly Bucket[],
  earlier: Summary['buckets'],
): Promise<Bucket[]> {
  if (only.length > 0) return [];
  const shown = new Set([...all.map(({ name }) => name), ...excluded]);
  const hidden: Bucket[] = [];
  for (const { name, objects } of earlier) {
    if (objects === 0 || shown.has(name) || !isSafeSegment(name)) continue;
    if (await mayExist(isThere(store, name, signal))) hidden.push({ name, createdAt: null });
  }
  return hidden;
}

/** Leaves out the destination's own bucket, which would grow while it is read. */
function withoutOwn({ store, destination, progress }: ChoiceContext, buckets: Bucket[]): Bucket[] {
  const own = destination.excludesBucket;
  if (own === undefined || !isSameEndpoint(own.endpoint, store.endpoint)) return buckets;
  const others = buckets.filter(({ name }) => name !== own.bucket);
  if (others.length < buckets.length) {
    progress.warn(`bucket ${own.bucket} holds the backups themselves and is not backed up`);
  }
  return others;
}

function isSameEndpoint(a: string, b: string): boolean {
  const plain = (url: string) =>
    url.toLowerCase().replace(/\/\/(localhost|\[::1\])(?=:|$)/, '//127.0.0.1');
  return plain(a) === plain(b);
}

function unsafeName(name: string): MangamotionError {
  return new MangamotionError(
    'refused',
    `the store has a bucket whose name cannot be a folder: ${JSON.stringify(name)}`,
  );
}

export interface BucketSelection {
  /** Bucket names; empty means all. */
  only: readonly string[];
  excluded: readonly string[];
}

/** Returns the selected buckets. Throws `not_found` for an unknown name, which may be a typo. */
function selectBuckets(all: readonly Bucket[], selection: BucketSelection): Bucket[] {
  const names = new Set(all.map((bucket) => bucket.name));
  for (const name of [...selection.only, ...selection.excluded]) {
    if (!names.has(name)) {
      const known = all.length === 0 ? 'none' : all.map((bucket) => bucket.name).join(', ');
      throw new MangamotionError('not_found', `no such bucket: ${name}`, {
        hint: `The store has these buckets: ${known}.`,
      });
    }
  }
  const both = selection.only.find((name) => selection.excluded.includes(name));
  if (both !== undefined) {
    throw new MangamotionError('usage', `bucket ${both} is both selected and excluded`);
  }
  const selected = all.filter(
    ({ name }) =>
      (selection.only.length === 0 || selection.only.includes(name)) &&
      !selection.excluded.includes(name),
  );
  return selected.sort((a, b) => compareKeys(a.name, b.name));
}
