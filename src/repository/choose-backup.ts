import { MangamotionError } from '../errors.js';
import type { ListedBackup } from './destination.js';
import { missingArchive } from './history.js';
import { backupTimeOf } from './names.js';

export interface Choice {
  backup: ListedBackup;
  /** The newer ones that were not taken, newest first; not those that were never meant. */
  passedOver: { id: string; reason: string }[];
}

/** What a backup must hold to be chosen; all of them hold the documents of buckets. */
export type Wanted = 'objects' | 'documents';

/**
 * The newest complete backup that holds what is wanted and whose archives are there; with `until`, of those
 * created at that instant or before. Newest is by sequence, as listed: where the clock went back,
 * the one that was made last is taken. Throws `not_found` where there is none.
 */
export function chooseBackup(
  backups: readonly ListedBackup[],
  until: Date | undefined,
  location: string,
  wanted: Wanted = 'objects',
): Choice {
  const passedOver: Choice['passedOver'] = [];
  const candidates = backups.filter(
    (backup) =>
      (until === undefined || createdAt(backup) <= until.getTime()) && isMeant(backup, wanted),
  );
  for (const backup of candidates.toReversed()) {
    const reason = whyNot(backup, backups);
    if (reason === undefined) return { backup, passedOver };
    passedOver.push({ id: backup.id, reason });
  }
  const newest = passedOver[0];
  const when = until === undefined ? '' : ` of ${until.toISOString()} or before`;
  const why =
    newest === undefined ? '' : `; the newest, ${newest.id}, is no choice: ${newest.reason}`;
  throw new MangamotionError('not_found', `no complete backup${when} in ${location}${why}`, {
    hint: `See what there is with "mangamotion backup list ${location}", and name one by its path.`,
  });
}

function whyNot(
  { id, summary: decoded, expired }: ListedBackup,
  backups: readonly ListedBackup[],
): string | undefined {
  if (decoded.kind === 'damaged') return decoded.reason;
  if (decoded.kind === 'newer') return `it has the newer format version ${decoded.version}`;
  const { summary } = decoded;
  if (summary.id !== id) return `its summary is that of ${summary.id}`;
  if (summary.status !== 'complete') return `it is ${summary.status}`;
  if (expired) return 'it has expired';
  return missingArchive([id, ...summary.references], backups);
}

function isMeant({ summary }: ListedBackup, wanted: Wanted): boolean {
  if (summary.kind !== 'valid') return true;
  return wanted === 'documents' || summary.summary.type !== 'metadata';
}

/** Milliseconds since 1970. Where the summary cannot be read, the name tells. */
function createdAt({ id, summary }: ListedBackup): number {
  return summary.kind === 'valid'
    ? Date.parse(summary.summary.created_at)
    : backupTimeOf(id).getTime();
}
