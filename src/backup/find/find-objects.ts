import type { ChunkReference } from '../../archive/directory.js';
import { mayHold } from '../../archive/select.js';
import { type Turn, aheadInOrder } from './ahead-in-order.js';
import { type MangamotionError, isMangamotionError } from '../../errors.js';
import type { WorkProgress } from '../../progress.js';
import type { BackupEntry, Destination } from '../../repository/destination.js';
import { holdsObjects, linesOf } from '../../repository/lines/lines.js';
import { readableSummary } from '../../repository/locate.js';
import { type OpenCommitted, openCommitted } from '../../repository/open-backup.js';
import { type ChunkMatches, type LineChunks, SharedChunks, idOf } from './shared-chunks.js';
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

/** The backups that are open at once: the one whose turn it is, and those after it. */
const OPEN_AT_ONCE = 4;
/** The most matches that are held in memory of a backup that is searched ahead. */
const MOST_AHEAD = 10_000;

/**
 * Looks for objects in every backup of a destination. Of each backup it reads the directory, and
 * those chunks of the index that may hold a match and that the backups just before it in its line lack.
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
  const chunks = new SharedChunks();
  let searched = 0;
  const search = async (entry: BackupEntry, turn: Turn): Promise<Searched> => {
    void turn.come.then(() => progress.phase(entry.id));
    try {
      const backup = searchable(entry, lines.get(entry.id));
      if (backup === undefined) return {};
      const known = chunks.ofLine(backup.line);
      const wanted = { pattern, buckets };
      return { backup, matches: await matchesIn({ destination, entry, wanted, known, turn }) };
    } catch (error) {
      if (!isOfOneBackup(error)) throw error;
      return { unread: error.message };
    }
  };
  for await (const { item, result } of aheadInOrder(entries, OPEN_AT_ONCE, search)) {
    signal.throwIfAborted();
    if (result.unread !== undefined) unread.push({ backup: item.id, reason: result.unread });
    const { backup, matches } = result;
    if (backup === undefined || matches === undefined) continue;
    chunks.ofLine(backup.line).keep(matches);
    history.add(backup, flatten(matches));
    searched += 1;
  }
  progress.phase();
  for (const { id } of (await destination.listLegacy?.()) ?? []) {
    unread.push({ backup: id, reason: 'it was made by backup-minio.sh, and has no index' });
  }
  return { versions: history.versions(), searched, unread };
}

/** What was found in a backup: the matches in the chunks of its index, or why it was not read. */
interface Searched {
  backup?: SearchedBackup;
  matches?: ChunkMatches;
  unread?: string;
}

/** Returns `undefined` for a backup without objects. Throws if its summary cannot be used. */
function searchable(entry: BackupEntry, line: string | undefined): SearchedBackup | undefined {
  const summary = readableSummary(entry);
  if (!holdsObjects(summary)) return undefined;
  return { id: entry.id, createdAt: summary.created_at, line: line ?? summary.id };
}

interface Search {
  destination: Destination;
  entry: BackupEntry;
  wanted: Wanted;
  known: LineChunks;
  turn: Turn;
}

interface Wanted {
  pattern: KeyPattern;
  buckets: readonly string[];
}

async function matchesIn({
  destination,
  entry: backup,
  wanted,
  known,
  turn,
}: Search): Promise<ChunkMatches> {
  const open = await openCommitted({ destination, backup });
  const chunks = new Map(chunksFor(open, wanted).map((chunk) => [idOf(chunk), chunk]));
  known.need(chunks.keys());
  try {
    const found = new Map<string, readonly Match[]>();
    let count = 0;
    for (const [id, chunk] of chunks) {
      if (count > MOST_AHEAD) await turn.come;
      turn.signal.throwIfAborted();
      const matches = await known.matches(id, () => readMatches(open, chunk, wanted));
      count += matches.length;
      if (count > MOST_VERSIONS) throw new TooManyVersions();
      found.set(id, matches);
    }
    return found;
  } catch (error) {
    known.release(chunks.keys());
    throw error;
  } finally {
    await open.archives.close();
  }
}

function chunksFor({ directory }: OpenCommitted, { pattern, buckets }: Wanted): ChunkReference[] {
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
  { pattern, buckets }: Wanted,
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
