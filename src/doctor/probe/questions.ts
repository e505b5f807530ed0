import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isMangamotionError } from '../../errors.js';
import type { ObjectContent, ObjectStore, PutOptions } from '../../object-store/port.js';
import { KEY_CLASSES, probeKeyOf } from '../../restore/plan/key-classes.js';
import type { ServerAnswers } from './answers.js';

/** Questions to a server, each answered by writing into a bucket that is there for nothing else. */
export interface ProbePlace {
  store: ObjectStore;
  bucket: string;
  signal: AbortSignal;
}

/** What listings are tried with: five keys in order, two a page. */
const LISTED = ['list/a', 'list/b', 'list/c', 'list/d', 'list/e'];
const PAGE = 2;

export async function askAboutListings(
  place: ProbePlace,
): Promise<Pick<ServerAnswers, 'last_page' | 'start_after' | 'listing'>> {
  const { store, bucket, signal } = place;
  for (const key of LISTED) await store.putObject(bucket, key, contentOf(key), { signal });
  const seen: string[] = [];
  let token: string | undefined;
  let lastToken: string | undefined;
  let last: string[] = [];
  for (let pages = 0; pages < 2 * LISTED.length; pages++) {
    lastToken = token;
    const page = await store.listPage(bucket, { prefix: 'list/', maxKeys: PAGE, token, signal });
    last = page.objects.map(({ key }) => key);
    seen.push(...last);
    if (page.nextToken === null) break;
    token = page.nextToken;
  }
  const options = { prefix: 'list/', maxKeys: PAGE, token: lastToken, signal };
  const again = (await store.listPage(bucket, options)).objects.map(({ key }) => key);
  const behind = await store.listPage(bucket, { prefix: 'list/', startAfter: 'list/b', signal });
  const [first = ''] = behind.objects.map(({ key }) => key);
  return {
    listing: LISTED.every((key) => seen.includes(key)) ? 'complete' : 'ends_early',
    last_page: String(again) === String(last) ? 'same' : 'different',
    start_after: first === 'list/c' ? 'behind' : first === 'list/b' ? 'with_the_key' : 'ignored',
  };
}

const METADATA = { plain: 'value', 'with-spaces': 'a  b', unicode: '漫画' };
const HEADERS = { 'content-type': 'image/png', 'cache-control': 'no-store' };

export async function askAboutMetadata({ store, bucket, signal }: ProbePlace) {
  const attributes = { metadata: METADATA, headers: HEADERS };
  await store.putObject(bucket, 'metadata', contentOf('x'), { attributes, signal });
  const { metadata, headers } = await store.headObject(bucket, 'metadata', { signal });
  const isSame = (had: object, has: object) =>
    Object.entries(had).every(([name, value]) => Reflect.get(has, name) === value);
  return isSame(METADATA, metadata) && isSame(HEADERS, headers) ? 'kept' : 'changed';
}

const TAGS = [{ key: 'colour', value: 'red & blue' }];

export async function askAboutTags({ store, bucket, signal }: ProbePlace) {
  const options = { attributes: { tags: TAGS }, signal };
  if (!(await isAccepted(store, bucket, 'tags', options))) return 'unsupported';
  const tags = await store.getObjectTags(bucket, 'tags', { signal });
  return JSON.stringify(tags) === JSON.stringify(TAGS) ? 'kept' : 'changed';
}

export async function askAboutChecksums({ store, bucket, signal }: ProbePlace) {
  const sha256 = createHash('sha256').update('x').digest('base64');
  const options = { attributes: { checksums: { sha256 } }, signal };
  if (!(await isAccepted(store, bucket, 'checksums', options))) return 'unsupported';
  const { checksums } = await store.headObject(bucket, 'checksums', { signal });
  if (checksums.sha256 === undefined) return 'unsupported';
  return checksums.sha256 === sha256 ? 'kept' : 'changed';
}

export async function askAboutKeys({
  store,
  bucket,
  signal,
}: ProbePlace): Promise<ServerAnswers['keys']> {
  const answers: Partial<Record<(typeof KEY_CLASSES)[number], 'kept' | 'renamed' | 'refused'>> = {};
  for (const [at, name] of KEY_CLASSES.entries()) {
    const key = probeKeyOf(name, `key-${at}`);
    answers[name] = await storedAs({ store, bucket, signal }, key);
  }
  return answers as ServerAnswers['keys'];
}

async function storedAs({ store, bucket, signal }: ProbePlace, key: string) {
  if (!(await isAccepted(store, bucket, key, { signal }))) return 'refused';
  for await (const page of store.listObjects(bucket, { signal })) {
    if (page.some((object) => object.key === key)) return 'kept';
  }
  return 'renamed';
}

/** By the objects of the other questions: their times fall anywhere in a second. */
export async function askAboutTimes({
  store,
  bucket,
  signal,
}: ProbePlace): Promise<ServerAnswers['times']> {
  const possible = new Set(['down', 'up', 'nearest'] as const);
  let hasFractions = false;
  const page = await store.listPage(bucket, { prefix: 'list/', signal });
  for (const { key, lastModified } of page.objects) {
    const listedMs = Date.parse(lastModified);
    if (listedMs % 1000 === 0) continue;
    hasFractions = true;
    const head = await store.headObject(bucket, key, { signal });
    const seconds = Date.parse(head.lastModified) / 1000;
    const rounded = { down: Math.floor, up: Math.ceil, nearest: Math.round };
    for (const way of possible) if (rounded[way](listedMs / 1000) !== seconds) possible.delete(way);
  }
  const [way] = possible;
  return hasFractions && way !== undefined && possible.size === 1 ? way : 'unknown';
}

/** Long enough for a deletion to be tried, and short enough to wait for its end. */
const RETENTION_MS = 6_000;

/** `place` is a bucket with object lock. */
export async function askAboutLock(place: ProbePlace): Promise<ServerAnswers['lock']> {
  const { store, bucket, signal } = place;
  const nowMs = Date.now() + (store.clockAheadMs?.() ?? 0);
  // Seconds: some servers take no fraction.
  const until = new Date(Math.ceil((nowMs + RETENTION_MS) / 1000) * 1000).toISOString();
  const retention = { mode: 'GOVERNANCE' as const, until };
  const options = { attributes: { retention }, signal };
  if (!(await isAccepted(store, bucket, 'locked', options))) return 'unsupported';
  const [version] = await store.listVersions(bucket, 'locked', { signal });
  if (version === undefined) return 'unsupported';
  const locked = await store.getObjectLock(bucket, 'locked', { signal });
  if (locked.retention === null) return 'unsupported';
  try {
    await store.deleteVersion(bucket, version, { signal });
  } catch (error) {
    if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
  }
  const left = await store.listVersions(bucket, 'locked', { signal });
  return left.some(({ versionId }) => versionId === version.versionId) ? 'resists' : 'gives_in';
}

/** Whether the server takes an object so; it refuses what it does not support. */
async function isAccepted(
  store: ObjectStore,
  bucket: string,
  key: string,
  options: PutOptions,
): Promise<boolean> {
  try {
    await store.putObject(bucket, key, contentOf('x'), options);
    return true;
  } catch (error) {
    if (isMangamotionError(error, 'refused', 'not_found', 'damaged')) return false;
    throw error;
  }
}

export function contentOf(text: string): ObjectContent {
  const bytes = Buffer.from(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sizeBytes: bytes.length, sha256, open: () => [bytes] };
}

/** Resolves when the retention of a probe is certainly over. */
export async function outlastRetention(signal: AbortSignal): Promise<void> {
  await delay(RETENTION_MS + 2_000, undefined, { signal });
}
