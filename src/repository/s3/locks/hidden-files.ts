import { inParallel } from '../../../in-parallel.js';
import type { ObjectVersion } from '../../../object-store/port.js';
import { eachVersionPage } from '../../../object-store/s3/requests/version-requests.js';
import type { HiddenFile } from '../../locks.js';
import { BACKUP_ID_START, SUMMARY_SUFFIX, backupIdOf } from '../../names.js';
import { LOCKED_FILES } from '../backup-files.js';
import type { PlaceRequests } from '../place-requests.js';

/** The most hidden files of which the locks are asked for, the latest first: each is a request. */
const MOST_ASKED = 200;
const ASKED_AT_ONCE = 8;
/** The most versions of one file in memory. */
const MOST_VERSIONS = 20;

interface Candidate extends HiddenFile {
  /** What the run wrote. */
  original: ObjectVersion;
}

/**
 * Finds files of backups whose first version is still locked, and is hidden by a delete marker or by
 * another content. What a prune removed is not locked any more.
 */
export async function findHidden(requests: PlaceRequests): Promise<HiddenFile[]> {
  const { store, bucket, prefix } = requests.place;
  const candidates: Candidate[] = [];
  let versions: ObjectVersion[] = [];
  const withSummary = new Set<string | undefined>();
  const endKey = (): void => {
    const name = versions[0]?.key.slice(prefix.length) ?? '';
    const isWritten = versions.some(({ isDeleteMarker }) => !isDeleteMarker);
    if (isWritten && name.endsWith(SUMMARY_SUFFIX)) withSummary.add(backupIdOf(name));
    const candidate = candidateOf(versions, prefix);
    if (candidate !== undefined) candidates.push(candidate);
    versions = [];
  };
  const pages = eachVersionPage((options) => requests.ask(store.listVersionPage(bucket, options)), {
    ...{ endpoint: store.endpoint, bucket },
    ...{ ...requests.options(), prefix: prefix + BACKUP_ID_START },
  });
  for await (const page of pages) {
    for (const version of page) {
      if (versions[0]?.key !== version.key) endKey();
      // The current one and the oldest tell enough, however many a stranger has put between them.
      if (versions.length > MOST_VERSIONS) versions.splice(1, 1);
      versions.push(version);
    }
  }
  endKey();
  // A run that failed has removed its archive, and never wrote a summary.
  const committed = candidates.filter(({ file }) => withSummary.has(backupIdOf(file)));
  const latest = committed.sort((a, b) => b.at.localeCompare(a.at)).slice(0, MOST_ASKED);
  const found = await inParallel(ASKED_AT_ONCE, latest, async ({ original, ...hidden }) =>
    (await isLocked(requests, original)) ? [hidden] : [],
  );
  return found.flat().sort((a, b) => a.file.localeCompare(b.file));
}

/** `versions` are those of one key, newest first. */
function candidateOf(versions: readonly ObjectVersion[], prefix: string): Candidate | undefined {
  const [current] = versions;
  const at = versions.findLastIndex(({ isDeleteMarker }) => !isDeleteMarker);
  const original = versions[at];
  const over = versions.slice(0, Math.max(at, 0)).findLast((one) => !isSame(one, original));
  if (current === undefined || original === undefined || over === undefined) return undefined;
  if (isSame(current, original)) return undefined;
  const file = current.key.slice(prefix.length);
  const isOurs = LOCKED_FILES.some((suffix) => file.endsWith(suffix)) && !file.includes('/');
  if (!isOurs || backupIdOf(file) === undefined) return undefined;
  const by = current.isDeleteMarker ? 'deletion' : 'overwrite';
  return { file, by, at: over.lastModified, original };
}

/** Whether a version has the same content. A PUT whose answer was lost is repeated. */
function isSame(version: ObjectVersion, original: ObjectVersion | undefined): boolean {
  if (version.isDeleteMarker || original === undefined) return false;
  return version.sizeBytes === original.sizeBytes && version.etag === original.etag;
}

async function isLocked(
  requests: PlaceRequests,
  { key, versionId }: ObjectVersion,
): Promise<boolean> {
  const { store, bucket } = requests.place;
  const options = { ...requests.options(), versionId };
  const retention = await requests.ask(store.getRetention(bucket, key, options));
  const nowMs = Date.now() + (store.clockAheadMs?.() ?? 0);
  return retention !== null && Date.parse(retention.until) > nowMs;
}
