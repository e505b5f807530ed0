import { MangamotionError, isMangamotionError } from '../../errors.js';
import { inParallel } from '../../in-parallel.js';
import type { ObjectVersion } from '../../object-store/port.js';
import type { BackupVersions } from '../destination.js';
import type { DestinationLocks } from '../locks.js';
import { BACKUP_ID_START, SUMMARY_SUFFIX, backupIdOf, partIdOf, planIdOf } from '../names.js';
import { REMOVED_TEXT } from '../removal-mark.js';
import { FILES_OF_BACKUP, REMOVAL_SUFFIX } from './backup-files.js';
import type { PlaceRequests } from './place-requests.js';
import { withPlaceErrors } from './s3-place.js';

/** The versions whose locks are asked for at once. */
const ASKED_AT_ONCE = 8;

/**
 * Finds the versions of the files of these backups and parts, and of those that were removed before. Only files
 * of our names directly below the prefix count, and only these count as removed before:
 *  - those with a version of the mark that `remove` sets and no current file, or with the mark and other
 *    files but no summary: that removal was interrupted;
 *  - those of which nothing but delete markers is left;
 *  - plans that are deleted: whoever does that gives the run up.
 *
 * What a person deleted has no such mark: its versions may be wanted back.
 */
export async function findRemovedVersions(
  requests: PlaceRequests,
  locks: DestinationLocks,
  removed: ReadonlySet<string>,
): Promise<BackupVersions[]> {
  const { store, bucket, prefix } = requests.place;
  const start = prefix + BACKUP_ID_START;
  const listed = await requests.ask(store.listVersions(bucket, start, requests.options()));
  const byId = new Map<string, ObjectVersion[]>();
  for (const version of listed) {
    const id = idOf(version.key.slice(prefix.length));
    if (id === undefined) continue;
    const versions = byId.get(id) ?? [];
    versions.push(version);
    byId.set(id, versions);
  }
  let enabled: Promise<boolean | undefined> | undefined;
  const areEnabled = () => (enabled ??= locks.areEnabled());
  return [...byId]
    .filter(([id, versions]) => removed.has(id) || wasRemoved(id, versions, requests))
    .map(([id, versions]) => ({
      id,
      versions: versions.length,
      bytes: versions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      lockedUntil: async (now) =>
        (await areEnabled()) === true ? await lockedUntil(requests, versions, now) : undefined,
      purge: () => purge(requests, id, versions),
    }));
}

/** Returns the id of a backup or of a part; of a plan, its name. */
function idOf(name: string): string | undefined {
  if (planIdOf(name) !== undefined) return name;
  const suffix = FILES_OF_BACKUP.find((ending) => name.endsWith(ending));
  if (suffix === undefined) return undefined;
  const stem = name.slice(0, -suffix.length);
  return backupIdOf(stem) ?? partIdOf(stem);
}

function wasRemoved(
  id: string,
  versions: readonly ObjectVersion[],
  requests: PlaceRequests,
): boolean {
  const latest = versions.filter(({ isLatest }) => isLatest);
  const keys = new Set(latest.map(({ key }) => key));
  // A server that does not say which version is the current one proves nothing.
  if (versions.some(({ key }) => !keys.has(key))) return false;
  const files = latest.filter(({ isDeleteMarker }) => !isDeleteMarker);
  if (planIdOf(id) !== undefined) return files.length === 0;
  if (files.some(({ key }) => key === requests.key(id, SUMMARY_SUFFIX))) return false;
  if (files.length > 0) return files.some((version) => isRemovalMark(id, version, requests));
  if (versions.every(({ isDeleteMarker }) => isDeleteMarker)) return true;
  return versions.some((version) => isRemovalMark(id, version, requests));
}

function isRemovalMark(
  id: string,
  { key, sizeBytes, isDeleteMarker }: ObjectVersion,
  requests: PlaceRequests,
): boolean {
  // A summary, which has the same name while it is written, is much longer.
  const isOfSize = sizeBytes === Buffer.byteLength(REMOVED_TEXT);
  return key === requests.key(id, REMOVAL_SUFFIX) && isOfSize && !isDeleteMarker;
}

/** All versions are asked about: a lock of one must not outlive the summary that it belongs to. */
async function lockedUntil(
  requests: PlaceRequests,
  versions: readonly ObjectVersion[],
  now: Date,
): Promise<string | undefined> {
  const { store, bucket } = requests.place;
  const contents = versions.filter(({ isDeleteMarker }) => !isDeleteMarker);
  const ends = await inParallel(ASKED_AT_ONCE, contents, async ({ key, versionId }) => {
    const options = { ...requests.options(), versionId };
    try {
      return await requests.ask(store.getRetention(bucket, key, options));
    } catch (error) {
      // The server itself then refuses to remove it.
      if (isMangamotionError(error, 'access_denied')) return null;
      throw error;
    }
  });
  const nowMs = now.getTime() + (store.clockAheadMs?.() ?? 0);
  return ends
    .flatMap((retention) => retention?.until ?? [])
    .filter((until) => Date.parse(until) > nowMs)
    .sort()
    .at(-1);
}

/**
 * Removes the versions. The delete markers go after what they hide, and the mark of the removal after
 * all files: an interruption shows no file again, and the next run finds the rest.
 */
async function purge(
  requests: PlaceRequests,
  id: string,
  versions: readonly ObjectVersion[],
): Promise<void> {
  const { store, bucket, signal } = requests.place;
  const rankOf = (version: ObjectVersion): number => {
    if (isRemovalMark(id, version, requests)) return 2;
    // A temporary summary has the name of the mark, and is a file like the others.
    const isOfMark = version.key === requests.key(id, REMOVAL_SUFFIX);
    return version.isDeleteMarker ? (isOfMark ? 3 : 1) : 0;
  };
  for (const version of versions.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    signal.throwIfAborted();
    try {
      await withPlaceErrors(requests.place, store.deleteVersion(bucket, version, { signal }));
    } catch (error) {
      if (!isMangamotionError(error, 'access_denied', 'refused')) throw error;
      throw await refusalOf(error, requests, version);
    }
  }
}

/** The refusal of a version that is locked, else the error as it is. */
async function refusalOf(
  error: MangamotionError,
  { place }: PlaceRequests,
  { key }: ObjectVersion,
): Promise<MangamotionError> {
  const { store, bucket, signal } = place;
  const lock = await store
    .readBucketDocument(bucket, 'object-lock', { signal })
    .catch(() => undefined);
  if (lock?.state !== 'captured') return error;
  return new MangamotionError(
    'refused',
    `s3://${bucket}/${key}: its version is not removed: the bucket has object lock`,
    {
      hint: 'Run the command again when its retention has ended, or leave out --purge-versions: a lifecycle rule can remove old versions.',
      cause: error.cause,
      request: error.request,
    },
  );
}
