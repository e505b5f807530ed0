import type { IndexLine } from '../../archive/index-line.js';
import type { Encryption } from '../../object-store/objects.js';
import type { ObjectLock, PutOptions } from '../../object-store/port.js';
import { partSizeFor } from '../part-size.js';

export interface RestoredAttributes {
  attributes: SentAttributes;
  /** Why its lock is not restored, if so. */
  leftOut: LockLeftOut | undefined;
  /** The archive class that it had, which is not restored. */
  archiveClass: string | undefined;
}

export type SentAttributes = NonNullable<PutOptions['attributes']>;

/** Left out on purpose: it is reported, but is not a failure. */
export const ARCHIVE_CLASS = 'archive storage class';

export type LockLeftOut = 'retention has run out' | 'bucket has no object lock';

/**
 * The encryption of restored objects. `keep`: the original one, or the object fails. `prefer`: the
 * original one if the target accepts it. `bucket`: the bucket's default.
 */
export type EncryptionMode = 'keep' | 'prefer' | 'bucket';

/** A retention that ends sooner may be over when the target checks it, which would refuse it. */
const SHORTEST_RETENTION_MS = 60_000;

/** Objects in these classes cannot be read before they are restored from cold storage. */
const ARCHIVE_CLASSES = ['GLACIER', 'DEEP_ARCHIVE'];

/** A request has one checksum; the strongest comes first. */
const CHECKSUM_ORDER = ['sha256', 'crc64nvme', 'crc32c', 'crc32', 'sha1'];

/** Returns the attributes to send. `now` is in ms since 1970. Pure. */
export function attributesOf(
  line: IndexLine,
  target: { objectLock: boolean; encryption: EncryptionMode },
  now: number,
): RestoredAttributes {
  const encryption = target.encryption === 'bucket' ? null : encryptionOf(line);
  const archived = ARCHIVE_CLASSES.includes(line.storage_class ?? '');
  const { attributes: locked, leftOut } = lockOf(line, target.objectLock, now);
  const checksums = checksumsOf(line, Object.keys(locked).length > 0);
  const attributes: SentAttributes = {
    headers: line.headers ?? {},
    metadata: line.metadata ?? {},
    tags: line.tags ?? [],
    ...(encryption === null ? {} : { encryption }),
    ...(line.storage_class === undefined || archived ? {} : { storageClass: line.storage_class }),
    ...(checksums === undefined ? {} : { checksums }),
    ...locked,
  };
  return { attributes, leftOut, archiveClass: archived ? line.storage_class : undefined };
}

function encryptionOf({ encryption }: IndexLine): Encryption | null {
  if (encryption === undefined) return null;
  const { algorithm, key_id: keyId, bucket_key: bucketKey } = encryption;
  return { algorithm, keyId: keyId ?? null, bucketKey: bucketKey === true };
}

function lockOf(
  line: IndexLine,
  objectLock: boolean,
  now: number,
): { attributes: Partial<ObjectLock>; leftOut: LockLeftOut | undefined } {
  const retention = line.retention ?? null;
  const legalHold = line.legal_hold === true;
  if (retention === null && !legalHold) return { attributes: {}, leftOut: undefined };
  if (!objectLock) return { attributes: {}, leftOut: 'bucket has no object lock' };
  if (retention !== null && Date.parse(retention.until) < now + SHORTEST_RETENTION_MS) {
    return { attributes: { legalHold }, leftOut: 'retention has run out' };
  }
  return { attributes: { retention, legalHold }, leftOut: undefined };
}

/**
 * Returns a checksum for an object that is uploaded in one request. A composite one (`…-3`) is
 * useless. A locked object is always sent with its SHA-256, and may not have a second one.
 */
function checksumsOf(line: IndexLine, isLocked: boolean): Record<string, string> | undefined {
  if (isLocked || partSizeFor(line) !== undefined) return undefined;
  for (const name of CHECKSUM_ORDER) {
    const value = line.checksums?.[name];
    if (value !== undefined && !value.includes('-')) return { [name]: value };
  }
  return undefined;
}
