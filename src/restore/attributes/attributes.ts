import type { IndexLine } from '../../archive/index-line.js';
import type { Encryption } from '../../object-store/objects.js';
import type { ObjectLock, PutOptions } from '../../object-store/port.js';
import { partSizeFor } from '../part-size.js';

/** The attributes that an object of a backup gets back. Pure. */
export interface RestoredAttributes {
  attributes: SentAttributes;
  /** Why its lock is left out, if it is. */
  leftOut: LockLeftOut | undefined;
  /** The archive class that it had, and does not get back. */
  archiveClass: string | undefined;
}

export type SentAttributes = NonNullable<PutOptions['attributes']>;

/** A restore leaves this out by intent: it is reported, and is not a failure. */
export const ARCHIVE_CLASS = 'archive storage class';

export type LockLeftOut = 'retention has run out' | 'bucket has no object lock';

/**
 * Which encryption restored objects get: what they had or none of it (`keep`: an object whose
 * encryption the target refuses fails), what they had where the target takes it (`prefer`), or what
 * the bucket's default says (`bucket`).
 */
export type EncryptionMode = 'keep' | 'prefer' | 'bucket';

/** A retention that ends sooner may have ended when the target checks it, and would be refused. */
const SHORTEST_RETENTION_MS = 60_000;

/** An object in one of these classes cannot be read before it is thawed. */
const ARCHIVE_CLASSES = ['GLACIER', 'DEEP_ARCHIVE'];

/** A request carries one checksum; the strongest comes first. */
const CHECKSUM_ORDER = ['sha256', 'crc64nvme', 'crc32c', 'crc32', 'sha1'];

/** Returns the attributes to send. `now` is in milliseconds since 1970. */
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
 * Returns a checksum of the whole object where it goes in one request: that of an object in parts is
 * made of those of its parts (`…-3`). A locked object is sent with a SHA-256 anyway, and no second one.
 */
function checksumsOf(line: IndexLine, isLocked: boolean): Record<string, string> | undefined {
  if (isLocked || partSizeFor(line) !== undefined) return undefined;
  for (const name of CHECKSUM_ORDER) {
    const value = line.checksums?.[name];
    if (value !== undefined && !value.includes('-')) return { [name]: value };
  }
  return undefined;
}
