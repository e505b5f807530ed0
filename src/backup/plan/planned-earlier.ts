import { MangamotionError } from '../../errors.js';
import type { BackupEntry } from '../../repository/destination.js';
import type { Predecessor } from '../../repository/lines/parent.js';

const BEGIN_ANEW =
  'The run cannot go on. Begin one of another name: it takes over what was captured.';

/**
 * Returns the earlier backup that a run was planned with; `undefined` if it was planned without one. Throws
 * `not_found` if it is gone, and `damaged` if its summary cannot be read.
 */
export function plannedEarlier(
  backups: readonly BackupEntry[],
  id: string | null,
): Predecessor | undefined {
  if (id === null) return undefined;
  const backup = backups.find((one) => one.id === id);
  if (backup === undefined) throw earlierGone(id);
  if (backup.summary.kind === 'valid') {
    return { backup, summary: backup.summary.summary, unreadable: undefined };
  }
  throw new MangamotionError(
    'damaged',
    `the run was planned with ${id}, whose summary cannot be read`,
    { hint: BEGIN_ANEW },
  );
}

export function earlierGone(id: string): MangamotionError {
  return new MangamotionError('not_found', `the run was planned with ${id}, which is gone`, {
    hint: BEGIN_ANEW,
  });
}
