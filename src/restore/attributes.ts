import type { IndexLine } from '../archive/index-line.js';
import type { ObjectLock, PutOptions } from '../object-store/port.js';

/** What an object of a backup gets back beside its bytes. Pure. */
export interface RestoredAttributes {
  attributes: NonNullable<PutOptions['attributes']>;
  /** Why its lock is left out, if it is. */
  leftOut: LockLeftOut | undefined;
}

export type LockLeftOut = 'retention has run out' | 'bucket has no object lock';

/** A retention that ends so soon may have ended when the target looks at it, and would be refused. */
const SHORTEST_RETENTION_MS = 60_000;

/** `now` in milliseconds since 1970. A retention that is over cannot be set. */
export function attributesOf(
  line: IndexLine,
  target: { objectLock: boolean },
  now: number,
): RestoredAttributes {
  const kept = {
    headers: line.headers ?? {},
    metadata: line.metadata ?? {},
    tags: line.tags ?? [],
  };
  const lock: ObjectLock = {
    retention: line.retention ?? null,
    legalHold: line.legal_hold === true,
  };
  if (lock.retention === null && !lock.legalHold) return { attributes: kept, leftOut: undefined };
  if (!target.objectLock) return { attributes: kept, leftOut: 'bucket has no object lock' };
  if (lock.retention !== null && Date.parse(lock.retention.until) < now + SHORTEST_RETENTION_MS) {
    const attributes = { ...kept, legalHold: lock.legalHold };
    return { attributes, leftOut: 'retention has run out' };
  }
  return { attributes: { ...kept, ...lock }, leftOut: undefined };
}
