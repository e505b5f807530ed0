import { APPEND_ONLY_HINT, APPEND_ONLY_SETTING } from '../../config/hints.js';
import { MangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import { CLAIMS_FOLDER } from '../../lock/claim.js';
import { endedObjects } from '../../lock/claim-series.js';
import { ObjectClaims } from '../../lock/object-claims.js';
import type { ObjectVersion } from '../../object-store/port.js';
import type { BackupEntry, Remains } from '../destination.js';
import { divideLeftovers } from '../removable-leftovers.js';
import type { PlaceRequests } from './place-requests.js';
import { findS3Leftovers } from './s3-leftovers.js';
import type { S3Place } from './s3-place.js';

/** Throws `usage` where nothing may be deleted or overwritten. `what` begins the explanation. */
export function refuseChange({ url, appendOnly }: S3Place, what: string): void {
  if (appendOnly !== true) return;
  throw new MangamotionError('usage', `${url}: ${what}: ${APPEND_ONLY_SETTING}`, {
    hint: APPEND_ONLY_HINT,
  });
}

const REMOVE_AT_ONCE = 16;

/**
 * Finds what append-only runs left, and what no backup needs. Call it only while holding the lock: an ended
 * claim cannot be that of the holder, but a leftover may belong to an active run.
 */
export async function findRemains(
  requests: PlaceRequests,
  backups: readonly BackupEntry[],
): Promise<Remains> {
  const { store, bucket, prefix, signal } = requests.place;
  const objects = new ObjectClaims(store, { bucket, prefix });
  const { parts, ends } = endedObjects(await requests.ask(objects.names(signal)));
  const found = await findS3Leftovers(requests.place);
  const { removable: leftovers, needed } = divideLeftovers(found, backups);
  return {
    needed,
    claims: parts.length + ends.length,
    temporarySummaries: leftovers.filter(({ isOfBackup }) => isOfBackup === true).length,
    leftovers: leftovers.filter(({ isOfBackup }) => isOfBackup !== true).map(({ path }) => path),
    remove: async ({ purge }) => {
      const remove = (name: string) => requests.ask(objects.remove(name, signal));
      // As long as the end is there, no other run takes a part for a claim.
      await inParallel(REMOVE_AT_ONCE, parts, remove);
      await inParallel(REMOVE_AT_ONCE, ends, remove);
      for (const leftover of leftovers) await leftover.remove();
      if (purge) await purgeClaims(requests);
    },
  };
}

/** Removes the versions of claims that have no current version, and then their delete markers. */
async function purgeClaims(requests: PlaceRequests): Promise<void> {
  const { store, bucket, prefix, signal } = requests.place;
  const folder = `${prefix}${CLAIMS_FOLDER}/`;
  const versions = await requests.ask(store.listVersions(bucket, folder, requests.options()));
  const gone = new Set(
    versions.filter((one) => one.isLatest && one.isDeleteMarker).map(({ key }) => key),
  );
  const ofGone = versions.filter(({ key }) => gone.has(key));
  const remove = (version: ObjectVersion) =>
    requests.ask(store.deleteVersion(bucket, version, { signal }));
  const isMarker = ({ isDeleteMarker }: ObjectVersion) => isDeleteMarker;
  await inParallel(
    REMOVE_AT_ONCE,
    ofGone.filter((version) => !isMarker(version)),
    remove,
  );
  await inParallel(REMOVE_AT_ONCE, ofGone.filter(isMarker), remove);
}
