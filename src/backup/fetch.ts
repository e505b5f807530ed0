import { createHash } from 'node:crypto';
import type { ObjectRecord } from '../archive/index-line.js';
import { MangamotionError, isMangamotionError } from '../errors.js';
import type { ListedObject, ObjectHead, ObjectLock, ObjectStore } from '../object-store/port.js';
import { isBucketStillThere, isObjectChanged } from '../object-store/retry.js';
import type { Arena, Block } from './arena.js';
import type { DigestThread, Digests } from './digest-thread.js';

/** An object is read from the start again so often when it changes or does not match its digest. */
export const FETCH_ATTEMPTS = 3;

export interface FetchContext {
  store: ObjectStore;
  arena: Arena;
  digests: DigestThread;
  signal: AbortSignal;
}

/** What became of an object that was listed. */
export type Fetched =
  | {
      kind: 'whole';
      record: ObjectRecord;
      content: Buffer;
      /** To be called when nobody needs the content any more. */
      release: () => void;
      changed: boolean;
    }
  /** Too large to be held in memory: to be read when its turn comes. */
  | { kind: 'stream' }
  | NotFetched;

/** Why an object is not in the backup. */
export type NotFetched = { kind: 'vanished' } | { kind: 'failed'; reason: string };

/** Both digests of the content, taken as it passes. */
export class ContentDigest {
  readonly #sha256 = createHash('sha256');
  readonly #md5 = createHash('md5');
  #bytes = 0;

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#md5.update(chunk);
    this.#bytes += chunk.length;
  }

  finish(): ContentFacts {
    const sha256 = this.#sha256.digest('hex');
    return { sizeBytes: this.#bytes, sha256, md5: this.#md5.digest('hex') };
  }
}

export interface ContentFacts extends Digests {
  sizeBytes: number;
}

/** Throws `damaged` where the bytes are not those that the headers of their response announced. */
function checkContent({ sizeBytes, md5 }: ContentFacts, head: ObjectHead): void {
  if (sizeBytes !== head.sizeBytes) {
    throw new MangamotionError(
      'damaged',
      `read ${sizeBytes} bytes, the store announced ${head.sizeBytes}`,
    );
  }
  if (head.etagIsMd5 && md5 !== head.etag) {
    throw new MangamotionError('damaged', `MD5 is ${md5}, the store's ETag says ${head.etag}`);
  }
}

/**
 * Throws `damaged` where a server says two sizes under one ETag, and no MD5 tells which bytes are
 * right: some compress or decompress an object on its way.
 */
function checkSize(listed: ListedObject, head: ObjectHead): void {
  const isSameObject = head.etag !== '' && head.etag === listed.etag;
  if (head.etagIsMd5 || !isSameObject || head.sizeBytes === listed.sizeBytes) return;
  throw new MangamotionError(
    'damaged',
    `the store sent ${head.sizeBytes} bytes, its listing says ${listed.sizeBytes}`,
  );
}

/**
 * Reads an object into memory, if it has at most `mostBytes`. Rejects only with what ends the run:
 * a store that is gone, a signal.
 */
export async function fetchWhole(
  { store, arena, digests, signal }: FetchContext,
  bucket: string,
  listed: ListedObject,
  mostBytes: number,
): Promise<Fetched> {
  let block: Block | undefined;
  const allocate = (sizeBytes: number): Buffer => {
    block?.release();
    block = arena.take(sizeBytes);
    return block.bytes;
  };
  const release = (): void => block?.release();
  for (let attempt = 1; ; attempt++) {
    try {
      const options = { mostBytes, allocate, expectedBytes: listed.sizeBytes, signal };
      const { head, content } = await store.readObject(bucket, listed.key, options);
      if (content === undefined) return { kind: 'stream' };
      const facts = { sizeBytes: content.length, ...(await digests.digest(content)) };
      const record = await describe(store, bucket, listed, head, facts, signal);
      return { kind: 'whole', record, content, release, changed: hasChanged(listed, head) };
    } catch (error) {
      if (attempt < FETCH_ATTEMPTS && isWorthRestarting(error)) continue;
      release();
      return await explainFailure(store, bucket, error, signal);
    }
  }
}

/** The object's line in the index, but for its place: taken from the headers of its own response. */
export async function describe(
  store: ObjectStore,
  bucket: string,
  listed: ListedObject,
  head: ObjectHead,
  facts: ContentFacts,
  signal: AbortSignal,
): Promise<ObjectRecord> {
  checkContent(facts, head);
  checkSize(listed, head);
  const { sha256, md5 } = facts;
  const tags = head.tagCount === 0 ? [] : await store.getObjectTags(bucket, listed.key, { signal });
  return {
    bucket,
    key: listed.key,
    ...(head.versionId === null ? {} : { version_id: head.versionId }),
    size: head.sizeBytes,
    etag: head.etag,
    // The listing is more precise than the header, as long as both speak of the same object.
    last_modified: hasChanged(listed, head) ? head.lastModified : listed.lastModified,
    sha256,
    ...(md5 === head.etag ? {} : { md5 }),
    headers: head.headers,
    metadata: head.metadata,
    tags,
    ...lockOf(head),
  };
}

/** Retention and legal hold, as a line of the index tells them. */
export function lockOf({
  retention,
  legalHold,
}: ObjectLock): Pick<ObjectRecord, 'retention' | 'legal_hold'> {
  return {
    ...(retention === null ? {} : { retention }),
    ...(legalHold ? { legal_hold: true } : {}),
  };
}

export function hasChanged(listed: ListedObject, head: ObjectHead): boolean {
  return listed.etag !== head.etag || listed.sizeBytes !== head.sizeBytes;
}

/** Another version began in the middle, or the bytes are not what the store announced. */
export function isWorthRestarting(error: unknown): boolean {
  return isObjectChanged(error) || isMangamotionError(error, 'damaged');
}

/**
 * Tells an object that cannot be read from a store that cannot be used: the one is recorded, the
 * other ends the run. Rejects with what the store says when it is asked again.
 */
export async function explainFailure(
  store: ObjectStore,
  bucket: string,
  error: unknown,
  signal: AbortSignal,
): Promise<NotFetched> {
  signal.throwIfAborted();
  if (isObjectChanged(error)) {
    return { kind: 'failed', reason: 'it was changed each time while it was read' };
  }
  if (isMangamotionError(error, 'not_found')) return { kind: 'vanished' };
  if (!isMangamotionError(error, 'unreachable', 'access_denied', 'damaged')) throw error;
  await isBucketStillThere(store, bucket, error, signal);
  return { kind: 'failed', reason: error.message };
}
