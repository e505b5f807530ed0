import type { KnownBackup } from './known-backup.js';
import { type RetentionPolicy, isWithinDays, keptByPolicy, withinDays } from './policy.js';

export interface LineState {
  /** The newest suspect backup that no trusted one has followed. */
  suspendedBy: string | undefined;
  /** Whether the line is retired: no backup is kept for lack of a newer one. */
  retired: boolean;
}

/**
 * Returns why each backup of a sequence is kept; the others are absent. `sequence` is sorted oldest
 * first.
 *
 * Only trusted and sound backups fill the slots of the policy: a backup with a missing archive must
 * not push out one that can be restored. It is not removed earlier for that, because the archive
 * may come back (a disk that is not mounted).
 *
 * While the line is suspended, all trusted backups are kept, because they may be all that is left
 * of the vanished objects. The suspects form their own sequence under the same policy, and the
 * newest of them is always kept.
 *
 * In a retired line only the policy's days count: a number would keep its backups for ever.
 */
export function keptInSequence(
  sequence: readonly KnownBackup[],
  { suspendedBy, retired }: LineState,
  policy: RetentionPolicy,
  now: Date,
): Map<string, string[]> {
  if (suspendedBy === undefined && retired) return withinDaysOf(sequence, policy, now);
  const trusted = sequence.filter(({ untrusted }) => untrusted === undefined);
  const sound = trusted.filter((backup) => backup.sound);
  const suspects = sequence.filter(({ isStandingSuspect }) => isStandingSuspect);
  const bySound = keptByPolicy(sound, policy, now);
  const byAll = keptByPolicy(trusted, policy, now);
  const amongSuspects = keptByPolicy(suspects, policy, now);
  const always = new Map([...lastOnes(trusted), ...lastOnes(sound)]);
  const withRedis = sound.findLast(({ summary }) => summary.redis?.status === 'complete');
  const newest = sound.at(-1);
  const newestAt = newest === undefined ? -1 : sequence.indexOf(newest);

  const reasonsFor = (backup: KnownBackup, index: number): string[] => {
    const { id, summary } = backup;
    if (backup.untrusted === undefined) {
      return [
        ...(suspendedBy === undefined ? [] : [`trusted, while ${suspendedBy} is suspect`]),
        ...((backup.sound ? bySound : byAll).get(id) ?? []),
        ...(always.get(id) ?? []),
        ...(backup === withRedis && backup !== sound.at(-1) ? ['last with all keys of Redis'] : []),
      ];
    }
    if (backup.isStandingSuspect) {
      const isNewest = backup === suspects.at(-1);
      return [...(amongSuspects.get(id) ?? []), ...(isNewest ? ['the newest suspect'] : [])];
    }
    return [
      ...(isWithinDays(backup, policy, now) ? [withinDays(policy)] : []),
      ...(index > newestAt ? [`${summary.status}, and no trusted one is newer`] : []),
    ];
  };
  return new Map(
    sequence.flatMap((backup, index): [string, string[]][] => {
      const reasons = reasonsFor(backup, index);
      return reasons.length === 0 ? [] : [[backup.id, reasons]];
    }),
  );
}

function withinDaysOf(
  sequence: readonly KnownBackup[],
  policy: RetentionPolicy,
  now: Date,
): Map<string, string[]> {
  const young = sequence.filter((backup) => isWithinDays(backup, policy, now));
  return new Map(young.map(({ id }) => [id, [withinDays(policy)]]));
}

/**
 * Returns the last full backup and the last of the sequence. They are kept whatever their age,
 * because nothing newer may ever replace them.
 */
function lastOnes(trusted: readonly KnownBackup[]): Map<string, string[]> {
  const lastFull = trusted.findLast(({ summary }) => summary.type === 'full');
  const last = trusted.at(-1);
  const both = new Set([lastFull, last].filter((backup) => backup !== undefined));
  return new Map(
    [...both].map(({ id, summary: { status, type } }) => {
      return [id, [`last ${status === 'complete' ? 'complete' : 'trusted'} ${type}`]];
    }),
  );
}
