import type { KnownBackup } from './known-backup.js';
import { type RetentionPolicy, isWithinDays, keptByPolicy, withinDays } from './policy.js';

/** The facts about the line to which a sequence of backups belongs. */
export interface LineState {
  /** The suspect that no trusted backup has followed, if there is one. */
  suspendedBy: string | undefined;
  /** The line has ended: no backup has to stay for lack of a newer one. */
  retired: boolean;
}

/**
 * Why the backups of one sequence of a line stay; those that do not are absent. They come oldest
 * first by sequence.
 *
 * Only trusted backups use up what the policy grants, and of these only sound ones: a backup with a
 * piece missing must not push out one that could still be restored. It is not thrown away earlier
 * than others for that, since the piece may come back (a disk that is not mounted).
 *
 * While the line is suspended all that is trusted stays, for it may be all that is left of what
 * vanished; the suspects are a sequence of their own under the same policy, of which the newest
 * always stays.
 *
 * Of a line that has ended only the days of the policy keep anything: a count would for ever.
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
  const newest = sound.at(-1);
  const newestAt = newest === undefined ? -1 : sequence.indexOf(newest);

  const reasonsFor = (backup: KnownBackup, index: number): string[] => {
    const { id, summary } = backup;
    if (backup.untrusted === undefined) {
      return [
        ...(suspendedBy === undefined ? [] : [`trusted, and ${suspendedBy} is suspect`]),
        ...((backup.sound ? bySound : byAll).get(id) ?? []),
        ...(always.get(id) ?? []),
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
 * The last full, and the last of the sequence: they stay however old they are, for with backups that
 * have stopped coming in nothing newer will replace them.
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
