import type { ObjectVersion } from '../../object-store/port.js';
import { backupIdOf, backupTimeOf, partIdOf, partOf } from '../names.js';
import { LOCKED_FILES } from './backup-files.js';

/**
 * Decides which version of a key a destination had at a time. Pure.
 *
 * The time of a version proves that it was there by then. It is never earlier than the truth, but may be
 * later: Ceph gives a version a new time when its lock is extended. The order of the list is that in
 * which the versions were written, the newest first, and no extension changes it.
 */

/** What the versions of a key tell that were added so far. Memory holds two of them. */
export interface SeenVersions {
  /** The latest by its time of those that were there; a delete marker if the key was deleted. */
  current: (ObjectVersion & { ms: number }) | undefined;
  oldest: ObjectVersion;
  /** Whether the first in the list is the one that is current now, as in every list of S3. */
  isNewestFirst: boolean;
}

/** Adds the next version of the same key, in the order of the list. `ms`: its time. */
export function addVersion(
  seen: SeenVersions | undefined,
  version: ObjectVersion,
  { ms, atMs }: { ms: number; atMs: number },
): SeenVersions {
  const current = seen?.current;
  // Of two of the same time, the first in the list is the newer.
  const isLater = ms <= atMs && !((current?.ms ?? -Infinity) >= ms);
  return {
    current: isLater ? { ...version, ms } : current,
    oldest: version,
    isNewestFirst: seen === undefined ? version.isLatest : seen.isNewestFirst && !version.isLatest,
  };
}

/** A version to show, and whether its own time proves that it was there. */
export interface ShownVersion {
  version: ObjectVersion;
  isProven: boolean;
}

/**
 * Returns the version that was current at the time. Where all have later times, it is the first that was
 * written, if `mayBeFirst`; if the first in the list is a delete marker, what was below it is lost.
 */
export function versionToShow(
  { current, oldest, isNewestFirst }: SeenVersions,
  mayBeFirst: boolean,
): ShownVersion | undefined {
  if (current !== undefined) {
    return current.isDeleteMarker ? undefined : { version: current, isProven: true };
  }
  if (!mayBeFirst || !isNewestFirst || oldest.isDeleteMarker) return undefined;
  return { version: oldest, isProven: false };
}

/**
 * Whether a name below the prefix is that of a file that is written once, and locked, by a run that had
 * begun by then. Marks and temporary summaries are neither.
 */
export function isWrittenOnce(name: string, atMs: number): boolean {
  if (!LOCKED_FILES.some((suffix) => name.endsWith(suffix))) return false;
  const id = backupIdOf(name) ?? partOf(partIdOf(name) ?? '')?.backup;
  return id !== undefined && backupTimeOf(id).getTime() <= atMs;
}
