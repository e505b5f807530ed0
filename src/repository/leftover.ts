import type { Archive } from '../archive/archive.js';
import type { IndexLine } from '../archive/index-line.js';
import type { BackupEntry, Destination } from './destination.js';

/** A file or object of a run that ended before its commit. It is not a backup. */
export interface Leftover {
  /** The id that the backup would have had. Its index lines name it as their archive. */
  readonly id: string;
  /** The path, for messages. */
  readonly path: string;
  readonly sizeBytes: number;
  /** It lies beside a backup that is whole, and is no sign of a dead run. */
  readonly isOfBackup?: boolean;

  /** Resolves to `undefined` if nothing in it can be read. The caller closes the archive. */
  open(): Promise<TruncatedArchive | undefined>;

  remove(): Promise<void>;
}

/** An incomplete archive without a directory. */
export interface TruncatedArchive {
  archive: Archive;
  /** Yields the lines of all complete index chunks, in order. */
  lines(): AsyncIterable<IndexLine[]>;
}

/**
 * Divides leftovers into those that may be removed, and those to whose archives backups refer: these
 * were committed, and have lost their summary.
 */
export function divideLeftovers(
  leftovers: readonly Leftover[],
  backups: readonly BackupEntry[],
): { removable: Leftover[]; needed: Leftover[] } {
  const references = backups.flatMap(({ summary }) =>
    summary.kind === 'valid' ? summary.summary.references : [],
  );
  const listed = new Set(backups.map(({ id }) => id));
  const lost = new Set(references.filter((id) => !listed.has(id)));
  return {
    removable: leftovers.filter(({ id }) => !lost.has(id)),
    needed: leftovers.filter(({ id }) => lost.has(id)),
  };
}

/** Says of a leftover why it is not removed. */
export function whyItStays({ id, path }: Pick<Leftover, 'id' | 'path'>): string {
  return `${path} stays: backups refer to ${id}, whose summary is missing`;
}

/** Finds the leftovers that may be removed, and tells of the others. Call it while holding the lock. */
export async function removableLeftovers(
  destination: Pick<Destination, 'leftovers' | 'list'>,
  warn: (line: string) => void,
): Promise<Leftover[]> {
  const found = await destination.leftovers();
  if (found.length === 0) return found;
  const { removable, needed } = divideLeftovers(found, await destination.list());
  for (const leftover of needed) warn(whyItStays(leftover));
  return removable;
}
