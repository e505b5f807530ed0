import { inParallel } from '../../../in-parallel.js';
import type { ObjectVersion } from '../../../object-store/port.js';
import { eachVersionPage } from '../../../object-store/s3/requests/version-requests.js';
import type { Hidden, HiddenFile } from '../../locks.js';
import {
  BACKUP_ID_START,
  SUMMARY_SUFFIX,
  backupIdOf,
  backupTimeOf,
  partIdOf,
  partOf,
} from '../../names.js';
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

/** The versions of one key, the newest first; of many, the newest and the oldest. */
class KeyVersions {
  readonly all: ObjectVersion[] = [];
  /** The earliest time of any of them; `Infinity` if there is none. */
  earliestMs = Infinity;
  /** That of those that are not in memory. */
  cutMs = Infinity;

  add(version: ObjectVersion): void {
    this.earliestMs = Math.min(this.earliestMs, msOf(version));
    // The current one and the oldest tell enough, however many a stranger has put between them.
    if (this.all.length > MOST_VERSIONS) {
      for (const cut of this.all.splice(1, 1)) this.cutMs = Math.min(this.cutMs, msOf(cut));
    }
    this.all.push(version);
  }
}

function msOf({ lastModified }: ObjectVersion): number {
  const ms = Date.parse(lastModified);
  return Number.isNaN(ms) ? Infinity : ms;
}

/**
 * Finds files of backups whose first version is still locked, and is hidden by a delete marker or by
 * another content. What a prune removed is not locked any more. Parts count if they are among
 * `neededParts`, or if files of their backup are hidden as well.
 */
export async function findHidden(
  requests: PlaceRequests,
  neededParts: ReadonlySet<string>,
): Promise<Hidden> {
  const { store, bucket, prefix } = requests.place;
  const candidates: Candidate[] = [];
  let versions = new KeyVersions();
  const withSummary = new Set<string>();
  /** The earliest time of any version of each summary of which the first version is there. */
  const summaries = new Map<string, number>();
  const endKey = (): void => {
    const name = versions.all[0]?.key.slice(prefix.length) ?? '';
    const id = archiveIdOf(name);
    const isWritten = versions.all.some(({ isDeleteMarker }) => !isDeleteMarker);
    if (id !== undefined && isWritten && name.endsWith(SUMMARY_SUFFIX)) {
      withSummary.add(id);
      const isFirst = versions.all.at(-1)?.isDeleteMarker === false;
      if (isFirst) summaries.set(id, versions.earliestMs);
    }
    const candidate = candidateOf(versions, prefix);
    if (candidate !== undefined) candidates.push(candidate);
    versions = new KeyVersions();
  };
  const pages = eachVersionPage((options) => requests.ask(store.listVersionPage(bucket, options)), {
    ...{ endpoint: store.endpoint, bucket },
    ...{ ...requests.options(), prefix: prefix + BACKUP_ID_START },
  });
  for await (const page of pages) {
    for (const version of page) {
      if (versions.all[0]?.key !== version.key) endKey();
      versions.add(version);
    }
  }
  endKey();
  const hiddenBackups = new Set(candidates.map(({ file }) => backupIdOf(file)));
  const committed = candidates.filter(({ file }) => {
    const id = archiveIdOf(file);
    // A run that failed has removed its archive, and never wrote a summary.
    if (id === undefined || !withSummary.has(id)) return false;
    // A run removes the parts that its backup does not need, though they are locked.
    const part = partOf(id);
    return part === undefined || neededParts.has(id) || hiddenBackups.has(part.backup);
  });
  const latest = committed.sort((a, b) => b.at.localeCompare(a.at)).slice(0, MOST_ASKED);
  const found = await inParallel(ASKED_AT_ONCE, latest, async ({ original, ...hidden }) =>
    (await isLocked(requests, original)) ? [hidden] : [],
  );
  const files = found.flat().sort((a, b) => a.file.localeCompare(b.file));
  const hiddenMs = Math.min(...files.map(({ at }) => Date.parse(at)).filter((ms) => !isNaN(ms)));
  if (!Number.isFinite(hiddenMs)) return { files, before: null, later: [] };
  const beforeMs = hiddenMs - 1;
  const hidden = new Set(files.map(({ file }) => archiveIdOf(file) ?? ''));
  const later = [...hidden].filter(
    (id) =>
      (summaries.get(id) ?? 0) > beforeMs &&
      backupTimeOf(partOf(id)?.backup ?? id).getTime() <= beforeMs,
  );
  return { files, before: new Date(beforeMs).toISOString(), later };
}

/** Returns the id of a backup or of a part. */
function archiveIdOf(file: string): string | undefined {
  return backupIdOf(file) ?? partIdOf(file);
}

function candidateOf({ all, cutMs }: KeyVersions, prefix: string): Candidate | undefined {
  const [current] = all;
  const place = all.findLastIndex(({ isDeleteMarker }) => !isDeleteMarker);
  const original = all[place];
  const over = all.slice(0, Math.max(place, 0)).filter((one) => !isSame(one, original));
  if (current === undefined || original === undefined || over.length === 0) return undefined;
  if (isSame(current, original)) return undefined;
  const file = current.key.slice(prefix.length);
  const isOurs = LOCKED_FILES.some((suffix) => file.endsWith(suffix)) && !file.includes('/');
  if (!isOurs || archiveIdOf(file) === undefined) return undefined;
  const by = current.isDeleteMarker ? 'deletion' : 'overwrite';
  // The time of an overwrite becomes later, too, when it is locked for longer.
  const hiddenMs = Math.min(cutMs, ...over.map(msOf));
  const at = Number.isFinite(hiddenMs) ? new Date(hiddenMs).toISOString() : current.lastModified;
  return { file, by, at, original };
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
