import type { BackupEntry } from '../destination.js';
import { bySequence } from '../history.js';
import { type LineBackup, linesOf } from '../lines/lines.js';

/**
 * Decides whether copies would fit into the lines of their new destination. A copy keeps its sequence
 * number, and a line is ordered by these: where they disagree with the times of backups that are already
 * there, `--latest`, retention and the guard would take an old backup for the newest. Pure.
 */

export interface OrderConflict {
  line: string;
  /** The backup that would be copied. */
  copied: string;
  /** The backup at the destination that it would be on the wrong side of. */
  there: string;
}

/**
 * Returns the first copy whose sequence number puts it on the wrong side of a backup at the destination
 * that the source does not hold; `undefined` if all are in order. Equal numbers do no harm, because
 * then the time decides.
 */
export function orderConflict(
  copied: readonly BackupEntry[],
  there: readonly BackupEntry[],
  atSource: ReadonlySet<string>,
): OrderConflict | undefined {
  const known = new Set(there.map(({ id }) => id));
  const added = copied.filter(({ id }) => !known.has(id));
  const isCopied = new Set(added.map(({ id }) => id));
  for (const line of linesOf([...there, ...added].sort(bySequence))) {
    const isForeign = ({ id }: LineBackup) => !isCopied.has(id) && !atSource.has(id);
    const found =
      wrongBefore(line.backups, isCopied, isForeign, (a, b) => b - a) ??
      wrongBefore(line.backups.toReversed(), isCopied, isForeign, (a, b) => a - b);
    if (found !== undefined) return { line: line.name, ...found };
  }
  return undefined;
}

/**
 * Walks along a line, and returns the first copy that comes after a foreign backup from the far side of
 * it in time. `ahead` is positive if its first argument comes sooner in the direction of the walk.
 */
function wrongBefore(
  line: readonly LineBackup[],
  isCopied: ReadonlySet<string>,
  isForeign: (backup: LineBackup) => boolean,
  ahead: (aMs: number, bMs: number) => number,
): Omit<OrderConflict, 'line'> | undefined {
  let farthest: { id: string; sequence: number; ms: number } | undefined;
  for (const backup of line) {
    const { sequence, created_at: createdAt } = backup.summary;
    const ms = Date.parse(createdAt);
    if (isForeign(backup)) {
      if (farthest === undefined || ahead(farthest.ms, ms) > 0)
        farthest = { id: backup.id, sequence, ms };
    } else if (isCopied.has(backup.id) && farthest !== undefined) {
      const isWrong = farthest.sequence !== sequence && ahead(ms, farthest.ms) > 0;
      if (isWrong) return { copied: backup.id, there: farthest.id };
    }
  }
  return undefined;
}
