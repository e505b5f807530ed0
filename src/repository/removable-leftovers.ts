import type { BackupEntry, Destination } from './destination.js';
import type { Leftover } from './leftover.js';
import { partOf } from './names.js';

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
  // Parts are not listed: of those that have a summary, nothing but the leftover is in question.
  const isNeeded = ({ id, isOfBackup }: Leftover) =>
    lost.has(id) && !(partOf(id) !== undefined && isOfBackup === true);
  return {
    removable: leftovers.filter((leftover) => !isNeeded(leftover)),
    needed: leftovers.filter(isNeeded),
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
