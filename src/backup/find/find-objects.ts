import type { ChunkReference } from '../../archive/directory.js';
import { mayHold } from '../../archive/select.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { WorkProgress } from '../../progress.js';
import type { BackupEntry, Destination } from '../../repository/destination.js';
import { holdsObjects, linesOf } from '../../repository/lines/lines.js';
import { readableSummary } from '../../repository/locate.js';
import { type OpenCommitted, openCommitted } from '../../repository/open-backup.js';
import type { KeyPattern } from './key-pattern.js';
import {
  type FoundVersion,
  MOST_VERSIONS,
  type Match,
  type SearchedBackup,
  TooManyVersions,
  VersionHistory,
} from './version-history.js';

export interface FindResult {
  versions: FoundVersion[];
  /** The number of backups that were searched. */
  searched: number;
  /** The backups that could not be searched, and why. They may hold the object. */
  unread: { backup: string; reason: string }[];
}

export interface FindContext {
  signal: AbortSignal;
  progress: Pick<WorkProgress, 'start' | 'phase'>;
}

/**
 * Looks for objects in every backup of a destination. Of each backup it reads the directory, and
 * those chunks of the index that may hold a match and that the backup before it in its line lacks.
 */
export async function findObjects(
  { signal, progress }: FindContext,
  destination: Destination,
  pattern: KeyPattern,
  buckets: readonly string[],
): Promise<FindResult> {
  progress.start('searching');
  const history = new VersionHistory();
  const unread: FindResult['unread'] = [];
  const entries = await destination.list();
  const lines = new Map(
    linesOf(entries).flatMap(({ name, backups }) => backups.map(({ id }) => [id, name] as const)),
  );
  /** The matches in the chunks of the newest backup of each line, by their digests. */
  const known = new Map<string, ChunkMatches>();
  let searched = 0;
  for (const entry of entries) {
    signal.throwIfAborted();
    progress.phase(entry.id);
    try {
      const backup = searchable(entry, lines.get(entry.id));
      if (backup === undefined) continue;
      const matches = await matchesIn(
        destination,
        entry,
        { pattern, buckets },
        known.get(backup.line),
      );
      known.set(backup.line, matches);
      history.add(backup, flatten(matches));
      searched += 1;
    } catch (error) {
      if (!isOfOneBackup(error)) throw error;
      unread.push({ backup: entry.id, reason: error.message });
    }
  }
  progress.phase();
  for (const { id } of (await destination.listLegacy?.()) ?? []) {
    unread.push({ backup: id, reason: 'it was made by backup-minio.sh, and has no index' });
  }
  return { versions: history.versions(), searched, unread };
}

type ChunkMatches = ReadonlyMap<string, readonly Match[]>;

/** Returns `undefined` for a backup without objects. Throws if its summary cannot be used. */
function searchable(entry: BackupEntry, line: string | undefined): SearchedBackup | undefined {
  const summary = readableSummary(entry);
  if (!holdsObjects(summary)) return undefined;
  return { id: entry.id, createdAt: summary.created_at, line: line ?? summary.id };
}

async function matchesIn(
  destination: Destination,
  backup: BackupEntry,
  wanted: { pattern: KeyPattern; buckets: readonly string[] },
  known: ChunkMatches | undefined,
): Promise<ChunkMatches> {
  const open = await openCommitted({ destination, backup });
  try {
    const found = new Map<string, readonly Match[]>();
    let count = 0;
    for (const chunk of chunksFor(open, wanted)) {
      const id = `${chunk.sha256} ${chunk.size}`;
      const matches = known?.get(id) ?? (await readMatches(open, chunk, wanted));
      count += matches.length;
      if (count > MOST_VERSIONS) throw new TooManyVersions();
      found.set(id, matches);
    }
    return found;
  } finally {
    await open.archives.close();
  }
}

function chunksFor(
  { directory }: OpenCommitted,
  { pattern, buckets }: { pattern: KeyPattern; buckets: readonly string[] },
): ChunkReference[] {
  const selections = directory.buckets
    .filter(({ name }) => buckets.length === 0 || buckets.includes(name))
    .map(({ name }) => ({ name, selection: pattern.within(name) }));
  return directory.chunks.filter((chunk) =>
    selections.some(({ name, selection }) => mayHold(chunk, name, selection)),
  );
}

async function readMatches(
  { archives }: OpenCommitted,
  chunk: ChunkReference,
  { pattern, buckets }: { pattern: KeyPattern; buckets: readonly string[] },
): Promise<Match[]> {
  const lines = await (await archives.of(chunk.archive)).readChunk(chunk);
  return lines
    .filter((line) => buckets.length === 0 || buckets.includes(line.bucket))
    .filter((line) => pattern.matches(line))
    .map(({ bucket, key, size, etag, sha256, last_modified }) => {
      return { bucket, key, size, etag, sha256, last_modified };
    });
}

function* flatten(matches: ChunkMatches): Generator<Match> {
  for (const list of matches.values()) yield* list;
}

/** Whether the others can be searched all the same. */
function isOfOneBackup(error: unknown): error is MangamotionError {
  if (error instanceof TooManyVersions) return false;
  return isMangamotionError(error, 'damaged', 'not_found', 'refused', 'access_denied', 'disk');
}
