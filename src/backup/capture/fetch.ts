import { countOf, formatCount } from '../../count-of.js';
import { createHash } from 'node:crypto';
import type { IndexLine, ObjectRecord } from '../../archive/index-line.js';
import type { CryptoThread, Digests } from '../../threads/crypto-thread.js';
import type { Block, SharedRing } from '../../threads/shared-ring.js';
import { MangamotionError, isMangamotionError } from '../../errors.js';
import type { ListedObject, ObjectHead, ObjectStore } from '../../object-store/port.js';
import { isObjectChanged } from '../../object-store/retry/retry.js';
import type { RunFaults } from '../../object-store/run-faults.js';
import type { ListedInBucket } from '../plan/listing.js';
import { type ObjectParts, type PartFinding, atRest } from './object-parts.js';
import { isGone, isNoSuchObject } from './vanished.js';

/** The number of attempts to read an object that changes or does not match its digest. */
export const FETCH_ATTEMPTS = 3;

export interface ReadContext {
  store: ObjectStore;
  faults: RunFaults;
  parts: ObjectParts;
  signal: AbortSignal;
}

export interface FetchContext extends ReadContext {
  ring: SharedRing;
  thread: CryptoThread;
}

export type Fetched =
  | {
      kind: 'whole';
      record: ObjectRecord;
      findings: PartFinding[];
      content: Buffer;
      release: () => void;
      changed: boolean;
    }
  /** The object is too large for memory, and is streamed in its turn. */
  | { kind: 'stream' }
  | NotFetched;

export type NotFetched =
  /** The object is gone: neither the listing nor HEAD finds it. */
  { kind: 'vanished' } | { kind: 'failed'; error: MangamotionError };

/** Computes both digests of content in chunks. */
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

/** Throws `damaged` if the bytes do not match the headers of their response. */
function checkContent({ sizeBytes, md5 }: ContentFacts, head: ObjectHead): void {
  if (sizeBytes !== head.sizeBytes) {
    throw new MangamotionError(
      'damaged',
      `read ${countOf(sizeBytes, 'byte')}, but the store announced ${formatCount(head.sizeBytes)}`,
    );
  }
  if (head.etagIsMd5 && md5 !== head.etag) {
    throw new MangamotionError('damaged', `MD5 is ${md5}, but the store's ETag is ${head.etag}`);
  }
}

/**
 * Throws `damaged` if a server reports two sizes under one ETag, and the ETag is not an MD5 that
 * would show which one is right: some servers compress or decompress objects in transit.
 */
function checkSize(listed: ListedObject, head: ObjectHead): void {
  const isSameObject = head.etag !== '' && head.etag === listed.etag;
  if (head.etagIsMd5 || !isSameObject || head.sizeBytes === listed.sizeBytes) return;
  throw new MangamotionError(
    'damaged',
    `the store sent ${countOf(head.sizeBytes, 'byte')}, but its listing says ${formatCount(listed.sizeBytes)}`,
  );
}

/**
 * Reads an object of at most `maxBytes` into memory. `before` is its line in the earlier backup.
 * Rejects only with an error that ends the backup.
 */
export async function fetchWhole(
  context: FetchContext,
  { bucket, object: listed }: ListedInBucket,
  before: IndexLine | undefined,
  maxBytes: number,
): Promise<Fetched> {
  const { store, ring, thread, signal } = context;
  let lent: Pick<Block, 'release'> | undefined;
  const allocate = (sizeBytes: number): Buffer => {
    lent?.release();
    const block = ring.take(sizeBytes);
    lent = block;
    return block.bytes;
  };
  const release = (): void => lent?.release();
  for (let attempt = 1; ; attempt++) {
    try {
      const expectedBytes = listed.sizeBytes;
      const options = { maxBytes, allocate, mayLend: true, expectedBytes, signal };
      const read = await store.readObject(bucket, listed.key, options);
      const { head, content, digests } = read;
      if (read.release !== undefined) lent = { release: read.release };
      if (content === undefined) return { kind: 'stream' };
      const facts = { sizeBytes: content.length, ...(digests ?? (await thread.digest(content))) };
      const described = await describe(context, bucket, listed, head, facts, before);
      return { kind: 'whole', ...described, content, release, changed: hasChanged(listed, head) };
    } catch (error) {
      const verdict = await classifyReadError(context, bucket, listed.key, error, attempt);
      release();
      if (verdict.kind === 'again') continue;
      return verdict;
    }
  }
}

/** Checks the content and resolves to its index line without its place. Rejects with `damaged`. */
export async function describe(
  context: ReadContext,
  bucket: string,
  listed: ListedObject,
  head: ObjectHead,
  facts: ContentFacts,
  before: IndexLine | undefined,
): Promise<{ record: ObjectRecord; findings: PartFinding[] }> {
  checkContent(facts, head);
  checkSize(listed, head);
  const { sha256, md5 } = facts;
  const isChanged = hasChanged(listed, head);
  if (isChanged) await confirmChange(context, bucket, listed.key, head);
  const others = await context.parts.read(bucket, listed.key, head, before);
  const record: ObjectRecord = {
    bucket,
    key: listed.key,
    ...(head.versionId === null ? {} : { version_id: head.versionId }),
    size: head.sizeBytes,
    etag: head.etag,
    // The listing's time is more precise than the header's, if both describe the same object.
    last_modified: isChanged && head.lastModified !== '' ? head.lastModified : listed.lastModified,
    sha256,
    ...(md5 === head.etag ? {} : { md5 }),
    headers: head.headers,
    metadata: head.metadata,
    ...others.parts,
    ...atRest(head),
  };
  return { record, findings: others.findings };
}

/**
 * Rejects with `damaged` if an answer that differs from the listing is not a newer object, which
 * HEAD or a new listing would show, but something else, such as the login page of a proxy.
 */
async function confirmChange(
  { store, signal }: ReadContext,
  bucket: string,
  key: string,
  { etag, sizeBytes }: ObjectHead,
): Promise<void> {
  if (etag !== '') {
    const head = await store.headObject(bucket, key, { expectedBytes: sizeBytes, signal });
    if (head.etag === etag && head.sizeBytes === sizeBytes) return;
  }
  const { objects } = await store.listPage(bucket, { prefix: key, maxKeys: 1, signal });
  const now = objects.find((object) => object.key === key);
  if (now?.etag === etag && now.sizeBytes === sizeBytes) return;
  throw new MangamotionError(
    'damaged',
    'the answer differs from the listing in size or ETag, and neither HEAD nor the listing shows such a change',
  );
}

export function hasChanged(listed: ListedObject, head: ObjectHead): boolean {
  return listed.etag !== head.etag || listed.sizeBytes !== head.sizeBytes;
}

/**
 * Decides whether an object is gone after a failed read, has failed, or should be read again.
 * Rejects with an error that ends the backup.
 */
export async function classifyReadError(
  { store, faults, signal }: ReadContext,
  bucket: string,
  key: string,
  error: unknown,
  attempt: number,
): Promise<NotFetched | { kind: 'again' }> {
  signal.throwIfAborted();
  const mayRetry = attempt < FETCH_ATTEMPTS;
  if (isObjectChanged(error)) {
    if (mayRetry) return { kind: 'again' };
    const reason = 'it changed during each attempt to read it';
    return { kind: 'failed', error: new MangamotionError('damaged', reason, { cause: error }) };
  }
  if (isMangamotionError(error, 'damaged') && mayRetry) return { kind: 'again' };
  if (!isNoSuchObject(error)) {
    return { kind: 'failed', error: await faults.classify(bucket, error, signal) };
  }
  try {
    if (await isGone(store, bucket, key, signal)) return { kind: 'vanished' };
  } catch (unproven) {
    const failure = await faults.classify(bucket, unproven, signal);
    return { kind: 'failed', error: stillThere(error, `whether it is gone: ${failure.message}`) };
  }
  // It may have been written again meanwhile.
  if (mayRetry) return { kind: 'again' };
  return { kind: 'failed', error: stillThere(error, undefined) };
}

/** Returns the error for an object that answered 404 but is not proven gone. */
function stillThere(error: unknown, doubt: string | undefined): MangamotionError {
  const { message, cause, request } = error as MangamotionError;
  const why =
    doubt === undefined
      ? 'the server lists the object but does not find it when it is read'
      : `the server does not find the object when it is read, and cannot tell ${doubt}`;
  return new MangamotionError('damaged', `${why} (${message})`, { cause, request });
}
