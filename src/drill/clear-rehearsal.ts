import { isMangamotionError, messageOf } from '../errors.js';
import { countOf } from '../count-of.js';
import { inParallel } from '../in-parallel.js';
import type { ObjectVersion, RequestOptions } from '../object-store/port.js';
import { eachVersionPage } from '../object-store/s3/requests/version-requests.js';
import type { BucketPlace } from '../repository/backup-files.js';
import { type DrillFields, rehearsalPrefixOf } from './journal-entry.js';
import { ATTACKS_AT_ONCE } from './limits.js';
import { confinedTo } from './confined.js';

/** Removes what ransom drills have put beside the backups. */

/** The server may be what failed, so few attempts are made to clean up. */
const CLEANING = { attempts: 4 } as const;
/** Servers keep the end of a lock to the second. */
const TOLERANCE_MS = 2000;

/** Returns the place of a ransom drill in a destination, outside of which its store changes nothing. */
export function rehearsalPlaceOf(
  destination: BucketPlace,
  drill: Pick<DrillFields, 'run'>,
): BucketPlace {
  const below = rehearsalPrefixOf(drill);
  const place = {
    ...destination,
    url: `${destination.url}/${below.replace(/\/$/, '')}`,
    prefix: destination.prefix + below,
  };
  return { ...place, store: confinedTo(place) };
}

export interface Cleared {
  /** The number of versions that stay. */
  left: number;
  /** Why the first of them does; `undefined` if none does. */
  reason: string | undefined;
}

/**
 * Removes every version below the prefix of the place, and every upload. What is locked stays. Rejects
 * only if the versions cannot be listed.
 */
export async function clearRehearsal(place: BucketPlace): Promise<Cleared> {
  const { store, bucket } = place;
  const cleared: Cleared = { left: 0, reason: undefined };
  const remove = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!isMangamotionError(error)) throw error;
      cleared.left += 1;
      cleared.reason ??= error.message;
    }
  };
  const versions = await versionsBelow(place, CLEANING);
  await inParallel(ATTACKS_AT_ONCE, versions, (version) =>
    remove(() => store.deleteVersion(bucket, version, CLEANING)),
  );
  for (const { key, uploadId } of await uploadsBelow(place)) {
    await remove(() => store.abortMultipartUpload(bucket, key, uploadId, CLEANING));
  }
  return cleared;
}

/** Resolves to all versions and delete markers below the prefix of a place. */
export async function versionsBelow(
  { store, bucket, prefix }: BucketPlace,
  options: RequestOptions,
): Promise<ObjectVersion[]> {
  const versions: ObjectVersion[] = [];
  const pages = eachVersionPage((asked) => store.listVersionPage(bucket, asked), {
    ...{ endpoint: store.endpoint, bucket, prefix, ...options },
  });
  for await (const page of pages) versions.push(...page);
  return versions;
}

/** Not every server lists uploads. Unfinished uploads take space, and do no other harm. */
async function uploadsBelow({ store, bucket, prefix }: BucketPlace) {
  try {
    const uploads = await store.listMultipartUploads(bucket, prefix, CLEANING);
    return uploads.filter(({ key }) => key.startsWith(prefix));
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    return [];
  }
}

interface Clearing {
  destination: BucketPlace | undefined;
  warn: (line: string) => void;
}

/**
 * Clears the place of a dead ransom drill once its locks have ended. Resolves to whether nothing is left.
 * `nowMs` is the time by the clock of the destination.
 */
export async function clearStaleRehearsal(
  { destination, warn }: Clearing,
  drill: DrillFields,
  nowMs: number,
): Promise<boolean> {
  if (destination === undefined) {
    warn(`the journal of drills has an entry of a bucket, ${drill.run}: it stays`);
    return false;
  }
  const until = Date.parse(drill.rehearsal?.locked_until ?? '');
  if (until + TOLERANCE_MS > nowMs) return false;
  const place = rehearsalPlaceOf(destination, drill);
  try {
    const { left, reason = '' } = await clearRehearsal(place);
    if (left === 0) return true;
    warn(`${countOf(left, 'version')} of a ransom drill stay in ${place.url}: ${reason}`);
  } catch (error) {
    if (!isMangamotionError(error)) throw error;
    warn(`what a ransom drill left in ${place.url} was not removed: ${messageOf(error)}`);
  }
  return false;
}
