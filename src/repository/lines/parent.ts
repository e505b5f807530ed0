import type { BackupEntry } from '../destination.js';
import { unreadableArchive, whySidecarUnfit } from '../history.js';
import { isSameServer } from './endpoints.js';
import { type Line, type LineBackup, holdsObjects, lineOfSource } from './lines.js';
import type { Summary } from '../summary.js';

/** Finds the trusted backup that a new one is compared with. Pure. */

type Source = Summary['source'];

/**
 * Returns why a backup cannot be the parent of an incremental of this source; `undefined` if it
 * can. An untrusted one cannot: objects that it misses would never count as deleted.
 */
export function whyNoParent(
  { id, summary: decoded }: BackupEntry,
  backups: readonly BackupEntry[],
  source: Source,
): string | undefined {
  if (decoded.kind === 'damaged') return decoded.reason;
  if (decoded.kind === 'newer') return `it has the newer format version ${decoded.version}`;
  const { summary } = decoded;
  if (summary.id !== id) return `its summary is that of ${summary.id}`;
  if (!holdsObjects(summary)) return 'it holds no objects';
  const found = lineOfSource(backups, source)?.backups.find((backup) => backup.id === id);
  if (found === undefined) return whyOtherLine(summary.source, source);
  return found.untrusted ?? unreadable(found, backups);
}

/** Returns the newest backup that can be the parent of an incremental of this source. */
export function findParent(
  backups: readonly BackupEntry[],
  source: Source,
): BackupEntry | undefined {
  return trustedObjects(lineOfSource(backups, source)).findLast(
    (backup) => unreadable(backup, backups) === undefined,
  )?.entry;
}

/** The newest trusted backup with objects. Its summary is readable; its archives may not be. */
export interface Predecessor {
  backup: BackupEntry;
  summary: Summary;
  /** Why its archives or its sidecar cannot be read, as far as a listing shows; `undefined` if they can. */
  unreadable: string | undefined;
}

/** Returns the backup that the guard compares with; `undefined` for the first of a line. */
export function predecessorOf(
  backups: readonly BackupEntry[],
  source: Source,
): Predecessor | undefined {
  const newest = lineOfSource(backups, source)?.newestTrusted;
  if (newest === undefined) return undefined;
  const { entry, summary } = newest;
  return { backup: entry, summary, unreadable: unreadable(newest, backups) };
}

/** Returns why nothing can refer to a backup, as far as a listing shows; `undefined` if that can be. */
function unreadable(
  { entry, summary }: Pick<LineBackup, 'entry' | 'summary'>,
  backups: readonly BackupEntry[],
): string | undefined {
  return unreadableArchive(entry, summary, backups) ?? whySidecarUnfit(entry);
}

function trustedObjects(line: Line | undefined): Line['backups'] {
  return (line?.backups ?? []).filter(
    ({ summary, untrusted }) => untrusted === undefined && holdsObjects(summary),
  );
}

function whyOtherLine(its: Source, source: Source): string {
  const isOther =
    its.name === undefined || source.name === undefined
      ? !isSameServer(its.endpoint, source.endpoint)
      : its.name !== source.name;
  if (!isOther) return 'it is a backup of other buckets';
  return `it is a backup of ${its.name ?? its.endpoint}, not of ${source.name ?? source.endpoint}`;
}
