import { chainProblems, referrers } from './chain.js';
import type { ListedBackup } from './destination.js';
import { type Judged, judge } from './judged.js';
import { keptInLine } from './line.js';
import { type BackupType, backupTypeOf } from './names.js';
import type { RetentionPolicy } from './policy.js';
import type { Summary } from './summary.js';
import { olderThanUnreadable } from './unreadable.js';

/** What becomes of a backup. Only `remove` takes anything away. */
export type Decision =
  | { id: string; kind: 'keep'; reasons: string[] }
  /** Expired, but these backups, which stay, need its archive. */
  | { id: string; kind: 'referenced'; by: string[] }
  /** Expired, but these later ones may need its archive: nobody can read what they refer to. */
  | { id: string; kind: 'withheld'; because: string[] }
  | { id: string; kind: 'remove'; summary: Summary };

export interface RetentionQuestion {
  now: Date;
  /** These alone are decided on; `undefined`: all, full and incremental as one sequence. */
  type?: BackupType | undefined;
}

/** Fulls and incrementals are one sequence, for they tell one story; metadata is another. */
const LINES: readonly (readonly BackupType[])[] = [['full', 'incremental'], ['metadata']];

/**
 * Decides on each backup in question, in their order: oldest first by sequence, which is how they
 * come. Backups that are not in question stay, and so does what they refer to. Nothing is decided
 * by what a backup was marked as before, so that another policy gives another answer.
 */
export function planRetention(
  backups: readonly ListedBackup[],
  policy: RetentionPolicy,
  { now, type }: RetentionQuestion,
): Decision[] {
  const asked = backups.filter(({ id }) => type === undefined || backupTypeOf(id) === type);
  const broken = new Set(chainProblems(backups).map(({ id }) => id));
  const judgements = asked.map((backup) => judge(backup, broken));
  const judged = judgements.filter((judgement) => judgement.kind === 'judged');

  const lines = type === undefined ? LINES : [[type]];
  const kept = new Map(
    lines.flatMap((types) => [...keptInLine(ofTypes(judged, types), policy, now)]),
  );
  const expired = judged.filter(({ id }) => !kept.has(id));
  const withheld = olderThanUnreadable(expired, backups);

  const going = new Set(expired.map(({ id }) => id).filter((id) => !withheld.has(id)));
  const staying = backups.map(({ id }) => id).filter((id) => !going.has(id));
  const neededBy = referrers(backups, staying);

  return judgements.map((judgement): Decision => {
    const { id } = judgement;
    if (judgement.kind === 'unknown') return { id, kind: 'keep', reasons: [judgement.reason] };
    const reasons = kept.get(id);
    if (reasons !== undefined) return { id, kind: 'keep', reasons };
    const because = withheld.get(id);
    if (because !== undefined) return { id, kind: 'withheld', because };
    const by = neededBy.get(id);
    if (by !== undefined) return { id, kind: 'referenced', by };
    return { id, kind: 'remove', summary: judgement.summary };
  });
}

function ofTypes(judged: readonly Judged[], types: readonly BackupType[]): Judged[] {
  return judged.filter(({ summary }) => types.includes(summary.type));
}

/**
 * The suspect backup that suspends retention: many objects vanished, no complete backup has followed
 * since, and the older ones may be all that is left of them. Metadata holds no objects, and goes on.
 */
export function suspendedBy(
  backups: readonly ListedBackup[],
  type: BackupType | undefined,
): string | undefined {
  if (type === 'metadata') return undefined;
  const newest = backups.findLast(
    ({ summary }) =>
      summary.kind === 'valid' &&
      summary.summary.type !== 'metadata' &&
      summary.summary.status !== 'partial',
  );
  const isSuspect = newest?.summary.kind === 'valid' && newest.summary.summary.status === 'suspect';
  return isSuspect ? newest.id : undefined;
}
