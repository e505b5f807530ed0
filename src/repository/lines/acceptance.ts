import { MangamotionError } from '../../errors.js';
import type { BackupEntry } from '../destination.js';
import { type Line, type LineBackup, lineOfBackup, linesOf } from './lines.js';

export interface AcceptableBackup {
  line: Line;
  backup: LineBackup;
  isAccepted: boolean;
}

/**
 * Finds the backup to accept. Throws `not_found` if there is none, and `usage` if acceptance would
 * change nothing: it is already trusted, or it is not trusted because it lacks objects.
 */
export function findAcceptable(backups: readonly BackupEntry[], id: string): AcceptableBackup {
  const line = lineOfBackup(linesOf(backups), id);
  const backup = line?.backups.find((one) => one.id === id);
  if (line === undefined || backup === undefined) {
    throw new MangamotionError('not_found', `no backup ${id} with a readable summary`);
  }
  if (backup.entry.accepted === true) return { line, backup, isAccepted: true };
  const { untrusted, summary } = backup;
  if (untrusted === undefined) {
    throw new MangamotionError(
      'usage',
      `${id} is ${summary.status} and trusted: there is nothing to accept`,
    );
  }
  const afterwards = lineOfBackup(
    linesOf(backups.map((one) => (one.id === id ? { ...one, accepted: true } : one))),
    id,
  );
  if (afterwards?.trusted.has(id) === true) return { line, backup, isAccepted: false };
  throw new MangamotionError('usage', `${id} cannot be accepted: ${lackOf(backup)}`, {
    hint: 'Make another backup, with --accept-deletions if the deletions are intended.',
  });
}

function lackOf({ untrusted, summary }: LineBackup): string {
  return summary.supersedes === false
    ? 'it lacks objects that an older backup holds'
    : (untrusted ?? '');
}
