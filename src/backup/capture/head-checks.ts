import type { IndexLine } from '../../archive/index-line.js';
import type { MangamotionError } from '../../errors.js';
import type { ObjectHead } from '../../object-store/port.js';
import {
  FETCH_ATTEMPTS,
  type NotFetched,
  type ReadContext,
  hasChanged,
  classifyReadError,
} from './fetch.js';
import type { ListedInBucket } from '../plan/listing.js';
import { type PartFinding, atRest } from './object-parts.js';
import { isNoSuchObject } from './vanished.js';

/** The result of a HEAD request for an apparently unchanged object. */
export type Verified =
  | { kind: 'same'; line: IndexLine; findings: PartFinding[] }
  /** The object was overwritten after it was listed, so it must be read. */
  | { kind: 'other' }
  | NotFetched;

/**
 * Verifies that an object is as listed, and updates its line. `before` is its line in the earlier
 * backup. Rejects only with an error that ends the backup.
 */
export async function verifyUnchanged(
  context: ReadContext,
  { bucket, object }: ListedInBucket,
  line: IndexLine,
  before: IndexLine | undefined,
): Promise<Verified> {
  const { store, signal } = context;
  try {
    const head = await store.headObject(bucket, object.key, {
      expectedBytes: object.sizeBytes,
      signal,
    });
    if (hasChanged(object, head)) return { kind: 'other' };
    return await refreshed(context, { bucket, object }, line, head, before);
  } catch (error) {
    // Instead of another HEAD, the whole object is read.
    const verdict = await classifyReadError(context, bucket, object.key, error, FETCH_ATTEMPTS);
    return verdict.kind === 'again' ? { kind: 'other' } : verdict;
  }
}

async function refreshed(
  { parts }: ReadContext,
  { bucket, object }: ListedInBucket,
  line: IndexLine,
  head: ObjectHead,
  before: IndexLine | undefined,
): Promise<Verified> {
  const others = await parts.read(bucket, object.key, head, before);
  // The fields are copied one by one, so that attributes that are gone do not stay.
  const { bucket: of, key, size, etag, sha256, md5, path, archive, offset, length, inner } = line;
  const fresh: IndexLine = {
    ...{ bucket: of, key, size, etag, sha256, path, archive, offset, length, inner },
    ...(md5 === undefined ? {} : { md5 }),
    ...(head.versionId === null ? {} : { version_id: head.versionId }),
    last_modified: object.lastModified,
    headers: head.headers,
    metadata: head.metadata,
    // The content is unchanged, so these still hold if the server does not return them.
    ...(line.checksums === undefined ? {} : { checksums: line.checksums }),
    ...(line.acl === undefined ? {} : { acl: line.acl }),
    ...others.parts,
    ...atRest(head),
  };
  return { kind: 'same', line: fresh, findings: others.findings };
}

/** The result of a HEAD request for an object that is missing from the listing. */
export type MissingVerdict =
  | { kind: 'gone' }
  | { kind: 'there'; head: ObjectHead }
  | { kind: 'unproven'; error: MangamotionError };

/**
 * Sends a HEAD request for an object that the earlier backup holds and the listing lacks. Rejects
 * only with an error that ends the backup.
 */
export async function findMissing(
  { store, faults, signal }: Pick<ReadContext, 'store' | 'faults' | 'signal'>,
  { bucket, key }: Pick<IndexLine, 'bucket' | 'key'>,
): Promise<MissingVerdict> {
  try {
    return { kind: 'there', head: await store.headObject(bucket, key, { signal }) };
  } catch (error) {
    if (isNoSuchObject(error)) return { kind: 'gone' };
    return { kind: 'unproven', error: await faults.classify(bucket, error, signal) };
  }
}
